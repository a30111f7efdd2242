//! The largest resident set of `lig` on inputs of any length, one thread, both ways: made here, written to a pipe, and
//! compared with what comes back. Prints a table for `docs/benchmarks`. A plain program; needs GNU time.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to people")]
#![allow(clippy::unwrap_used, reason = "what fails here ends the measurement")]

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::thread;

const USAGE: &str = "\
memory: nothing was run. Set
  LIG_MEMORY_LEVELS    the levels to measure, such as 1,2,3,4,5,6,7
  LIG_MEMORY_DIVISOR   optional: inputs so many times shorter (default: 1)
  LIG_MEMORY_INPUTS    optional: log,line,different,zeros (default: all)
It takes hours at levels 6 and 7, and 5 GB of room in the temporary directory.";

/// An input: its name, what it is, and what writes it, given by how much shorter it shall be.
struct Input {
    name: &'static str,
    what: &'static str,
    write: fn(u64, &mut dyn Write) -> io::Result<()>,
}

const INPUTS: [Input; 4] = [
    Input { name: "log", what: "a log of 1 GB", write: write_log },
    Input { name: "line", what: "a line of 1 GB", write: write_line },
    Input { name: "different", what: "10 million different lines", write: write_different },
    Input { name: "zeros", what: "4 GB of zeros", write: write_zeros },
];

const GIB: u64 = 1 << 30;

/// The next state of a generator of pseudo-random numbers (an LCG with Knuth's constants); its high bits are the good ones.
fn next(seed: u64) -> u64 {
    seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

/// The bundled access log again and again, each line with two numbers of its own.
fn write_lines(divisor: u64, end: &str, sink: &mut dyn Write) -> io::Result<()> {
    let log =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/access.log"))?;
    let (mut written, mut seed) = (0, 1);
    for (number, line) in log.lines().cycle().enumerate() {
        seed = next(seed);
        let took = seed >> 50;
        let text = format!("{line} request={number} took={took}us{end}");
        written += text.len() as u64;
        sink.write_all(text.as_bytes())?;
        if written > GIB / divisor {
            break;
        }
    }
    Ok(())
}

fn write_log(divisor: u64, sink: &mut dyn Write) -> io::Result<()> {
    write_lines(divisor, "\n", sink)
}

fn write_line(divisor: u64, sink: &mut dyn Write) -> io::Result<()> {
    write_lines(divisor, " ", sink)
}

/// Lines of one to eight words of hexadecimal digits; no two are alike, hardly any two are of one template.
fn write_different(divisor: u64, sink: &mut dyn Write) -> io::Result<()> {
    let mut seed = 1;
    for number in 0..10_000_000 / divisor {
        seed = next(seed);
        let mut rest = seed;
        for _ in 0..=seed >> 61 {
            rest = next(rest);
            write!(sink, "{:x} ", rest >> (36 + rest % 24))?;
        }
        writeln!(sink, "{number:x}")?;
    }
    Ok(())
}

fn write_zeros(divisor: u64, sink: &mut dyn Write) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    (0..4096 / divisor).try_for_each(|_| sink.write_all(&zeros))
}

/// Writes to two places and counts.
struct Tee<'a> {
    pipe: BufWriter<ChildStdin>,
    hash: &'a mut blake3::Hasher,
    bytes: u64,
}

impl Write for Tee<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.pipe.write_all(buffer)?;
        self.hash.update(buffer);
        self.bytes += buffer.len() as u64;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}

/// `lig` under GNU time, which writes "kilobytes seconds" into `report`.
fn timed(report: &Path) -> Command {
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M %U", "-o"]).arg(report);
    time.arg(option_env!("CARGO_BIN_EXE_lig").unwrap_or("lig"));
    time
}

/// What GNU time reported: megabytes of 10^6 bytes, and seconds.
fn report(path: &Path) -> (f64, f64) {
    let text = fs::read_to_string(path).unwrap();
    let (kilobytes, seconds) = text.trim().split_once(' ').unwrap();
    (kilobytes.parse::<f64>().unwrap() * 1024.0 / 1e6, seconds.parse().unwrap())
}

/// One row of the table. `false` if what came back was something else.
fn measure(input: &Input, level: u8, divisor: u64, folder: &Path) -> bool {
    let (packed, note) = (folder.join("packed"), folder.join("report"));
    let mut pack = timed(&note);
    pack.arg(format!("-{level}")).args(["-T1", "-c"]);
    pack.stdin(Stdio::piped()).stdout(File::create(&packed).unwrap());
    let mut child = pack.spawn().unwrap();
    let mut before = blake3::Hasher::new();
    let pipe = BufWriter::with_capacity(1 << 16, child.stdin.take().unwrap());
    let mut tee = Tee { pipe, hash: &mut before, bytes: 0 };
    (input.write)(divisor, &mut tee).unwrap();
    tee.flush().unwrap();
    let raw_bytes = tee.bytes;
    drop(tee);
    assert!(child.wait().unwrap().success(), "compressing failed");
    let (pack_mb, pack_seconds) = report(&note);

    let mut unpack = timed(&note);
    unpack.args(["-dc", "-T1"]).arg(&packed).stdout(Stdio::piped());
    let mut child = unpack.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let after = thread::spawn(move || {
        let mut hash = blake3::Hasher::new();
        io::copy(&mut stdout, &mut hash).unwrap();
        hash
    });
    let after = after.join().unwrap();
    assert!(child.wait().unwrap().success(), "decompressing failed");
    let (unpack_mb, unpack_seconds) = report(&note);

    let exact = before.finalize() == after.finalize();
    let (raw_mb, packed_kb) = (raw_bytes / 1_000_000, fs::metadata(&packed).unwrap().len() / 1000);
    println!(
        "| {} | {level} | {raw_mb} | {packed_kb} | {pack_mb:.0} | {unpack_mb:.0} | {pack_seconds:.0} | \
         {unpack_seconds:.0} | {} |",
        input.what,
        if exact { "yes" } else { "NO" },
    );
    exact
}

fn main() -> ExitCode {
    let levels = env::var("LIG_MEMORY_LEVELS").unwrap_or_default();
    if levels.is_empty() || env::args().any(|argument| argument == "--test") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let divisor = env::var("LIG_MEMORY_DIVISOR").map_or(1, |text| text.parse().unwrap());
    let names = env::var("LIG_MEMORY_INPUTS").unwrap_or_else(|_| "log,line,different,zeros".into());
    let folder: PathBuf = tempfile::tempdir().unwrap().keep();
    println!(
        "| input | level | MB | packed kB | compress: MB of memory | decompress | CPU s | CPU s | exact |\n\
         |---|---|---|---|---|---|---|---|---|"
    );
    let mut exact = true;
    for input in INPUTS.iter().filter(|input| names.split(',').any(|name| name == input.name)) {
        for level in levels.split(',') {
            exact &= measure(input, level.parse().unwrap(), divisor, &folder);
        }
    }
    fs::remove_dir_all(folder).unwrap();
    if exact { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
