//! What a model file brings: the second half of each log of a corpus, with a start from its first half and without. A plain
//! program that prints a table; without its variable it says what to set, and succeeds.
#![allow(clippy::print_stdout, reason = "this program talks to people")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use lignite::{Embedding, ModelFile, Models, ReaderBuilder, WriterBuilder};

const USAGE: &str = "\
priming: nothing was run. Set
  LIG_PRIMING_DIR      a directory of logs; those above 1 MB are cut
  LIG_PRIMING_LEVELS   optional: levels (default: 3,9)";

/// Bytes of a log that are looked at.
const BYTES_MAX: usize = 1 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(folder) = env::var_os("LIG_PRIMING_DIR") else {
        println!("{USAGE}");
        return Ok(());
    };
    if env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let levels = env::var("LIG_PRIMING_LEVELS").unwrap_or_else(|_| "3,9".into());
    let levels = levels.split(',').map(str::parse).collect::<Result<Vec<u8>, _>>()?;
    let mut logs = Vec::new();
    collect(Path::new(&folder), &mut logs)?;
    logs.sort();
    let columns: Vec<String> =
        levels.iter().map(|level| format!(" -{level} cold | -{level} primed | gain |")).collect();
    let columns = columns.concat();
    println!("| second half of | bytes | model file |{columns}");
    println!("|---|---|---|{}", "---|".repeat(3 * levels.len()));
    let mut sums = vec![[0.0; 3]; levels.len()];
    for path in &logs {
        let mut log = fs::read(path)?;
        log.truncate(BYTES_MAX);
        let middle = middle(&log);
        let (first, second) = log.split_at(middle);
        let model = ModelFile::train(first)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        print!("| {name} | {} | {} |", second.len(), model.bytes().len());
        for (&level, sums) in levels.iter().zip(&mut sums) {
            let cold = second.len() as f64 / size(second, level, None)? as f64;
            let primed = second.len() as f64 / size(second, level, Some(&model))? as f64;
            print!(" {cold:.2} | {primed:.2} | {:.3} |", primed / cold);
            let figures = [cold, primed, primed / cold];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure.ln());
        }
        println!();
    }
    let mean = |sum: &f64| (sum / logs.len().max(1) as f64).exp();
    let means: Vec<String> = sums
        .iter()
        .map(|[cold, primed, gain]| {
            format!(" {:.2} | {:.2} | {:.3} |", mean(cold), mean(primed), mean(gain))
        })
        .collect();
    println!("| geometric mean | | |{}", means.concat());
    Ok(())
}

fn collect(folder: &Path, logs: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, logs)?;
        } else if path.extension().is_some_and(|extension| extension == "log") {
            logs.push(path);
        }
    }
    Ok(())
}

/// Behind the line in the middle of all lines.
fn middle(log: &[u8]) -> usize {
    let ends: Vec<usize> =
        log.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(|(at, _)| at + 1).collect();
    ends.get(ends.len() / 2).copied().unwrap_or(log.len() / 2)
}

/// Bytes of a file that refers to the model file, which decodes.
fn size(
    log: &[u8],
    level: u8,
    model: Option<&ModelFile>,
) -> Result<usize, Box<dyn std::error::Error>> {
    let mut builder = WriterBuilder::new();
    builder.level(level)?;
    let mut models = Models::new();
    if let Some(model) = model {
        builder.model(model.clone(), Embedding::Refer);
        models.add(model.clone());
    }
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(log)?;
    let (file, _) = wtr.finish()?;
    let mut back = Vec::new();
    ReaderBuilder::new().models(models).from_reader(&file[..])?.read_to_end(&mut back)?;
    assert!(back == log, "what comes out is what went in");
    Ok(file.len())
}
