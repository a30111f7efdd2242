//! The same question by flags of grep, by `--where`, by `lig query`, and by awk or ripgrep on the log itself.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{Random, compress, lig, run};

/// A log whose fields awk can tell: `name=value` between blanks.
fn log(random: &mut Random, lines: u32) -> String {
    let mut log = String::new();
    for i in 0..lines {
        let level = *random.of(&["INFO", "WARN", "ERROR"]);
        let user = *random.of(&["root", "alice", "bob", "foo_bar", "foo"]);
        let (hour, minute, second) = (8 + i / 3600, i / 60 % 60, i % 60);
        write!(log, "2026-11-24 {hour:02}:{minute:02}:{second:02} {level} ").unwrap();
        let (a, b) = (random.next(1000), random.next(40));
        match random.next(5) {
            0 | 1 => writeln!(log, "svc[{b}] login user={user} took={a} from=10.0.0.{b}"),
            2 => writeln!(log, "svc[{b}] get path=/v{b}/{user} code={} took={a}", 200 + b),
            3 => writeln!(log, "disk {user} full at {b} percent"),
            _ => writeln!(log, "user={user} left after {a} requests of foo.bar"),
        }
        .unwrap();
    }
    log
}

/// A question: as flags, as a condition, and as something that awk or ripgrep knows.
struct Question {
    flags: Option<Vec<String>>,
    condition: String,
    program: &'static str,
    args: Vec<String>,
}

/// What `field` is in awk.
const AWK: &str = "function f(n, i) { for (i = 1; i <= NF; i++) if (index($i, n \"=\") == 1) return substr($i, length(n) + 2); return \"\" } ";

fn awk(condition: &str, flag: Option<String>, test: &str) -> Question {
    Question {
        flags: flag.map(|flag| vec!["-e".into(), String::new(), "--field".into(), flag]),
        condition: condition.to_owned(),
        program: "awk",
        args: vec![format!("{AWK} {test}")],
    }
}

fn rg(condition: &str, args: &[&str]) -> Question {
    let args = args.iter().map(|&arg| arg.to_owned()).collect();
    Question { flags: None, condition: condition.to_owned(), program: "rg", args }
}

/// A question about one thing.
fn simple(random: &mut Random) -> Question {
    let user = *random.of(&["root", "alice", "foo", "nobody"]);
    let number = random.next(1000);
    let word = *random.of(&["full", "foo", "bar", "svc", "user", "10"]);
    match random.next(14) {
        0 => awk(
            &format!("user:={user}"),
            Some(format!("user={user}")),
            &format!("f(\"user\") == \"{user}\""),
        ),
        1 => awk(
            &format!("user != \"{user}\""),
            Some(format!("user!={user}")),
            &format!("f(\"user\") != \"{user}\""),
        ),
        2 => awk(
            &format!("took:>{number}"),
            Some(format!("took>{number}")),
            &format!("f(\"took\") != \"\" && f(\"took\") + 0 > {number}"),
        ),
        3 => awk(
            &format!("code <= {}", 200 + number % 40),
            Some(format!("code<={}", 200 + number % 40)),
            &format!("f(\"code\") != \"\" && f(\"code\") + 0 <= {}", 200 + number % 40),
        ),
        4 => awk(
            &format!("path:~\"^/v{}\"", number % 5),
            Some(format!("path~^/v{}", number % 5)),
            &format!("f(\"path\") ~ \"^/v{}\"", number % 5),
        ),
        5 => awk("took:*", Some("took~.".into()), "f(\"took\") != \"\""),
        6 => awk(
            &format!("user:in({user}, bob)"),
            Some(format!("user~^({user}|bob)$")),
            &format!("f(\"user\") == \"{user}\" || f(\"user\") == \"bob\""),
        ),
        7 => awk(
            &format!("took:range[{number}, {})", number + 100),
            None,
            &format!(
                "f(\"took\") != \"\" && f(\"took\") + 0 >= {number} && f(\"took\") + 0 < {}",
                number + 100
            ),
        ),
        8 => awk("_3:=WARN", Some("_3=WARN".into()), "$3 == \"WARN\""),
        9 => awk(
            &format!("line:{}..{}", number, number + 50),
            None,
            &format!("NR >= {number} && NR <= {}", number + 50),
        ),
        10 => rg(word, &["-w", word]),
        11 => rg(&format!("i({})", word.to_uppercase()), &["-iw", word]),
        12 => rg(&format!("{}*", &word[..2]), &[&format!("\\b{}", &word[..2])]),
        _ => {
            let minute = 8 * 60 + number % 100;
            let (hour, minute) = (minute / 60, minute % 60);
            awk(
                &format!("_time:<2026-11-24T{hour:02}:{minute:02}"),
                None,
                &format!("$2 < \"{hour:02}:{minute:02}\""),
            )
        }
    }
}

/// Two questions of awk as one.
fn joined(random: &mut Random) -> Question {
    let mut of_awk = || loop {
        let question = simple(random);
        if question.program == "awk" {
            break question;
        }
    };
    let (a, b, c) = (of_awk(), of_awk(), of_awk());
    let test = |question: &Question| question.args[0].strip_prefix(AWK).unwrap().to_owned();
    awk(
        &format!("({} or not {}) {}", a.condition, b.condition, c.condition),
        None,
        &format!("(({}) || !({})) && ({})", test(&a), test(&b), test(&c)),
    )
}

fn ask(words: &[&str], dir: &Path) -> (i32, String) {
    let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
    let (code, out) = lig(&words, dir);
    (code, String::from_utf8(out).unwrap())
}

#[test]
fn a_question_has_one_answer_however_it_is_asked() {
    let mut random = Random(17);
    let dir = tempfile::tempdir().unwrap();
    let mut asked = [0; 4];
    for round in 0..5 {
        let log = log(&mut random, 3000);
        fs::write(dir.path().join("a.log"), &log).unwrap();
        let level = [1, 3, 5, 7, 3][round];
        fs::write(dir.path().join("a.lig"), compress(log.as_bytes(), level, 1 << 15)).unwrap();
        for number in 0..60 {
            let question = if number % 3 == 0 { joined(&mut random) } else { simple(&mut random) };
            let condition = question.condition.as_str();
            let answer = ask(&["query", condition, "a.lig"], dir.path());
            assert!((0..=1).contains(&answer.0), "{condition}: {answer:?}");
            asked[0] += 1;
            for other in [
                ask(&["query", condition, "a.log"], dir.path()),
                ask(&["grep", "--where", condition, "a.lig"], dir.path()),
                ask(&["grep", "-h", "--where", condition, "-e", "", "a.lig"], dir.path()),
            ] {
                assert!(answer == other, "{condition} in round {round}");
            }
            let (_, count) = ask(&["query", "-c", condition, "a.lig"], dir.path());
            assert_eq!(count.trim(), answer.1.lines().count().to_string(), "{condition}");
            if let Some(mut flags) = question.flags {
                flags.insert(0, "grep".into());
                flags.push("a.lig".into());
                assert!(lig(&flags, dir.path()) == (answer.0, answer.1.clone().into_bytes()));
                asked[1] += 1;
            }
            let mut args = question.args;
            args.push("a.log".into());
            if let Some((_, out)) = run(question.program, &args, dir.path()) {
                assert!(answer.1.as_bytes() == out, "{condition}: {args:?} in round {round}");
                asked[if question.program == "awk" { 2 } else { 3 }] += 1;
            }
        }
    }
    assert!(asked[0] == 300 && asked[1] > 80, "{asked:?}");
    println!("questions, by flags, by awk, by ripgrep: {asked:?}");
}

#[test]
fn rows_are_those_of_awk() {
    let mut random = Random(23);
    let dir = tempfile::tempdir().unwrap();
    let log = log(&mut random, 5000);
    fs::write(dir.path().join("a.log"), &log).unwrap();
    fs::write(dir.path().join("a.lig"), compress(log.as_bytes(), 3, 1 << 15)).unwrap();
    for (query, program) in [
        (
            "user:* | stats by (user) count() n",
            "f(\"user\") != \"\" { n[f(\"user\")]++ } END { for (u in n) print u \"\\t\" n[u] }",
        ),
        (
            "took:>500 | stats by (_3) sum(took) s, max(took) m, min(took) l",
            "f(\"took\") + 0 > 500 { k = $3; t = f(\"took\") + 0; s[k] += t; if (t > m[k]) m[k] = t; if (!(k in l) || t < l[k]) l[k] = t } \
             END { for (k in s) print k \"\\t\" s[k] \"\\t\" m[k] \"\\t\" l[k] }",
        ),
        (
            "* | stats by (_time:10m) count() n",
            "{ split($2, t, \":\"); n[\"2026-11-24T\" t[1] \":\" int(t[2] / 10) \"0:00\"]++ } END { for (k in n) print k \"\\t\" n[k] }",
        ),
        (
            "level:error path:* | fields path, line",
            "$3 == \"ERROR\" && f(\"path\") != \"\" { print f(\"path\") \"\\t\" NR }",
        ),
        (
            "took:* | stats by (took:250) count() n",
            "f(\"took\") != \"\" { n[int(f(\"took\") / 250) * 250]++ } END { for (k in n) print k \"\\t\" n[k] }",
        ),
        (
            "* | where from:* | uniq by (from, user)",
            "f(\"from\") != \"\" { u[f(\"from\") \"\\t\" f(\"user\")] } END { for (k in u) print k }",
        ),
        (
            "* | where user:foo* | stats by (user) count() n | where n:>1 | fields n",
            "f(\"user\") ~ /^foo/ { n[f(\"user\")]++ } END { for (k in n) if (n[k] > 1) print n[k] }",
        ),
    ] {
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let (code, rows) = ask(&["query", "--format", "tsv", query, "a.lig"], dir.path());
        assert_eq!(code, 0, "{query}");
        let rows = rows.split_once('\n').unwrap().1;
        let args = [format!("{AWK} {program}"), "a.log".to_owned()];
        let Some((_, out)) = run("awk", &args, dir.path()) else { return };
        assert_eq!(sorted(rows), sorted(&String::from_utf8(out).unwrap()), "{query}");
        let (_, plain) = ask(&["query", "--format", "tsv", query, "a.log"], dir.path());
        assert_eq!(plain.split_once('\n').unwrap().1, rows, "{query}");
    }
}

#[test]
fn rows_have_forms() {
    let dir = tempfile::tempdir().unwrap();
    let small = "n=1 a=x\nn=20 a='b, \"c\"'\nn=3\n";
    fs::write(dir.path().join("a.lig"), compress(small.as_bytes(), 3, 1 << 15)).unwrap();
    let ask = |args: &[&str]| ask(&[&["query"], args].concat(), dir.path());
    assert_eq!(ask(&["* | fields n, a", "a.lig"]).1, " n  a\n 1  x\n20  b, \"c\"\n 3\n");
    assert_eq!(
        ask(&["--format", "csv", "* | fields n, a", "a.lig"]).1,
        "n,a\n1,x\n20,\"b, \"\"c\"\"\"\n3,\n"
    );
    assert_eq!(
        ask(&["--json", "* | stats by (a) count() hits, sum(n)", "a.lig"]).1,
        "{\"a\":\"\",\"hits\":1,\"sum(n)\":3}\n{\"a\":\"b, \\\"c\\\"\",\"hits\":1,\"sum(n)\":20}\n\
         {\"a\":\"x\",\"hits\":1,\"sum(n)\":1}\n"
    );
    assert_eq!(ask(&["* | sort by (n desc) | limit 1", "a.lig"]).1, "n=20 a='b, \"c\"'\n");
    assert_eq!(ask(&["n:>3 | stats count() c | where c:>1", "a.lig"]), (1, String::new()));
    assert_eq!(ask(&["n:>5", "a.lig", "a.lig"]).1.lines().next(), Some("a.lig:n=20 a='b, \"c\"'"));
    assert_eq!(ask(&["-n", "n:>5", "a.lig"]).1, "2:n=20 a='b, \"c\"'\n");
    // Wrong queries, and files that are not there.
    for args in [&["n:>", "a.lig"][..], &["*", "missing.lig"], &["* | fields n", "missing.lig"]] {
        assert_eq!(ask(args).0, 2, "{args:?}");
    }
    let log = log(&mut Random(3), 2000);
    fs::write(dir.path().join("b.lig"), compress(log.as_bytes(), 3, 1 << 15)).unwrap();
    let (code, rows) = ask(&["--format", "tsv", "template:1 | uniq by (template)", "b.lig"]);
    let id = rows.lines().nth(1).unwrap();
    assert!(code == 0 && id.starts_with('t') && rows.lines().count() == 2, "{rows}");
    let by_id = ask(&["-c", &format!("template:{id}"), "b.lig"]).1;
    assert!(by_id == ask(&["-c", "template:=1", "b.lig"]).1 && by_id != "0\n");
}
