//! The tables of functions, and whether their aims are met.

use comfy_table::Table;

use super::REQUESTS;
use super::results::{Floor, Line, Quantiles, Row, Setting, Size, Spread, Stream, Subject};
use crate::report::{self, table};
use crate::request::Case;

/// All tables of `functions.json`, each under a line that says what it is.
pub fn functions(lines: &[Line]) -> String {
    let all = [
        ("From the start of a process to its first question for an invocation.", starts(lines)),
        ("The first request of a process.", first(lines)),
        ("The requests after it.", warm(lines)),
        ("Streamed answers with 40 reports of progress, 5 ms apart.", streams(lines)),
        ("The endpoint's own time, to a bare client over the same TLS.", floors(lines)),
    ];
    let mut texts: Vec<String> =
        all.iter().map(|(title, table)| format!("{title}\n\n{}", table.trim_fmt())).collect();
    let left = lines.iter().filter_map(|line| match line {
        Line::Left { why } => Some(format!("- {why}")),
        Line::Request(_) | Line::Stream(_) | Line::Floor(_) => None,
    });
    let left: Vec<_> = left.collect();
    if !left.is_empty() {
        texts.push(format!("What is not measured:\n\n{}", left.join("\n")));
    }
    texts.join("\n\n")
}

/// The table of `sizes.json`.
pub fn sizes(sizes: &[Size]) -> String {
    let mut table = table(["server", "package", "files", "zip"]);
    let mut left = String::new();
    for size in sizes {
        match size {
            Size::Package { subject, what, bytes, zip_bytes } => {
                let bytes = [bytes, zip_bytes].map(|bytes| megabytes(*bytes as f64 / 1e6));
                let [bytes, zip] = bytes;
                table.add_row([subject.as_str().to_owned(), what.clone(), bytes, zip]);
            }
            Size::Left { why } => left.push_str(&format!("\n\n- {why}")),
        }
    }
    format!("{}{left}", table.trim_fmt())
}

fn starts(lines: &[Line]) -> Table {
    let header = ["server", "setting", "start", "of processes", "CPU", "memory afterwards"];
    let mut table = table(header);
    for (subject, setting) in kinds(lines) {
        // Every request has its own processes, and all of them start alike.
        let of = |row: &&&Row| (row.subject, row.setting) == (subject, setting);
        let rows: Vec<_> = rows(lines).collect();
        let rows: Vec<_> = rows.iter().filter(of).copied().collect();
        let start = over(rows.iter().map(|row| row.start_ms));
        let processor = over(rows.iter().map(|row| row.start_cpu_ms));
        let resident = over(rows.iter().map(|row| row.resident_mb));
        table.add_row([
            subject.as_str().to_owned(),
            setting.as_str().to_owned(),
            millis(start.median),
            range(start),
            millis(processor.median),
            megabytes(resident.highest),
        ]);
    }
    table
}

fn first(lines: &[Line]) -> Table {
    let mut table = table(["request", "era", "server", "setting", "first", "of processes", "CPU"]);
    for row in ordered(lines) {
        table.add_row([
            row.case.as_str().to_owned(),
            row.era.as_str().to_owned(),
            row.subject.as_str().to_owned(),
            row.setting.as_str().to_owned(),
            millis(row.first_ms.median),
            range(row.first_ms),
            millis(row.first_cpu_ms.median),
        ]);
    }
    table
}

fn warm(lines: &[Line]) -> Table {
    let mut table = table([
        "request",
        "era",
        "server",
        "setting",
        "requests",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "CPU µs",
    ]);
    for row in ordered(lines) {
        let mut cells = vec![
            row.case.as_str().to_owned(),
            row.era.as_str().to_owned(),
            row.subject.as_str().to_owned(),
            row.setting.as_str().to_owned(),
            report::thousands(row.warm.count as f64),
        ];
        cells.extend(quantiles(row.warm));
        cells.push(format!("{:.0}", row.warm_cpu_us));
        table.add_row(cells);
    }
    table
}

fn streams(lines: &[Line]) -> Table {
    let mut table = table([
        "era",
        "first byte",
        "of processes",
        "first byte, warm",
        "reports",
        "delay p50 µs",
        "p99 µs",
        "p99.9 µs",
        "longest",
    ]);
    for stream in streamed(lines) {
        let mut cells = vec![
            stream.era.as_str().to_owned(),
            millis(stream.first_byte_ms.median),
            range(stream.first_byte_ms),
            millis(stream.warm_first_byte_ms.median),
            report::thousands(stream.delay.count as f64),
        ];
        cells.extend(quantiles(stream.delay));
        cells.push(millis(stream.delay.max_us / 1e3));
        table.add_row(cells);
    }
    table
}

fn floors(lines: &[Line]) -> Table {
    let header = ["operation", "calls", "p50 µs", "p99 µs", "p99.9 µs", "with connection and TLS"];
    let mut table = table(header);
    for floor in floor(lines) {
        let calls = report::thousands(floor.warm.count as f64);
        let mut cells = vec![floor.operation.clone(), calls];
        cells.extend(quantiles(floor.warm));
        cells.push(format!("{} ({})", millis(floor.first_ms.median), range(floor.first_ms)));
        table.add_row(cells);
    }
    table
}

/// Adds a line for each aim: what it is, what was measured, whether it is met.
pub fn aims(lines: &[Line], sizes: &[Size], mut add: impl FnMut(String, String, bool)) {
    let own = |setting| {
        rows(lines).filter(move |row| (row.subject, row.setting) == (Subject::McpLambda, setting))
    };
    for (setting, most, words) in [
        (Setting::Buffered, 4.0, ""),
        (Setting::Quota, 32.0, " with 0.145 vCPU"),
        (Setting::QuotaAfterStart, 32.0, " with 0.145 vCPU after the start"),
    ] {
        let start = over(own(setting).map(|row| row.start_ms)).median;
        if own(setting).next().is_none() {
            continue;
        }
        if setting != Setting::QuotaAfterStart {
            let aim = format!("≤ {most:.0} ms from a process's start to its first poll{words}");
            add(aim, millis(start), start <= most);
        }
        for row in own(setting) {
            let (aim, first) = (request(row), row.first_ms.median);
            add(format!("≤ {most:.0} ms: first {aim}{words}"), millis(first), first <= most);
        }
    }
    if let Some(invoke) = floor(lines).find(|floor| floor.operation == "Invoke") {
        for row in own(Setting::Buffered).filter(|row| row.case == Case::Call) {
            let p50 = row.warm.p50_us - invoke.warm.p50_us;
            let p99 = row.warm.p99_us - invoke.warm.p99_us;
            let measured = format!("{p50:.0} µs and {p99:.0} µs");
            let aim = format!("≤ 0.3 ms at p50 and ≤ 2 ms at p99 over an invoke: {}", request(row));
            add(aim, measured, p50 <= 300.0 && p99 <= 2_000.0);
        }
    }
    for stream in streamed(lines) {
        let longest = stream.delay.max_us / 1e3;
        let aim = format!("no stall > 10 ms in streamed answers, {}", stream.era.as_str());
        add(aim, format!("{} at most", millis(longest)), longest <= 10.0);
    }
    let resident = over(own(Setting::Buffered).map(|row| row.resident_mb)).highest;
    if own(Setting::Buffered).next().is_some() {
        add("< 16 MB resident".to_owned(), megabytes(resident), resident < 16.0);
    }
    for size in sizes {
        if let Size::Package { subject: Subject::McpLambda, what, zip_bytes, .. } = size {
            let zip = *zip_bytes as f64 / 1e6;
            add(format!("zip ≤ 3 MB: {what}"), megabytes(zip), zip <= 3.0);
        }
    }
    ahead(lines, sizes, add);
}

/// Ours beside the best of the others, for every figure that both have.
fn ahead(lines: &[Line], sizes: &[Size], mut add: impl FnMut(String, String, bool)) {
    type Figure = (&'static str, fn(&Row) -> f64, fn(f64) -> String);
    const FIGURES: [Figure; 4] = [
        ("start", |row| row.start_ms.median, millis),
        ("first", |row| row.first_ms.median, millis),
        ("p50 of", |row| row.warm.p50_us / 1e3, millis),
        ("memory after", |row| row.resident_mb.median, megabytes),
    ];
    for (name, figure, told) in FIGURES {
        for (case, era) in REQUESTS {
            let of = |subject| {
                let key = (subject, Setting::Buffered, case, era);
                rows(lines).find(|row| (row.subject, row.setting, row.case, row.era) == key)
            };
            let Some(own) = of(Subject::McpLambda).map(figure) else { continue };
            let theirs = Subject::SERVERS[1..].iter().filter_map(|subject| of(*subject));
            let Some(best) = theirs.min_by(|a, b| figure(a).total_cmp(&figure(b))) else {
                continue;
            };
            let aim = format!("ahead of every peer: {name} {} {}", era.as_str(), case.as_str());
            let measured =
                format!("{}, {} {}", told(own), best.subject.as_str(), told(figure(best)));
            add(aim, measured, own < figure(best));
        }
    }
    let smallest = |ours: bool| {
        let all = sizes.iter().filter_map(|size| match size {
            Size::Package { subject, zip_bytes, .. } => Some((*subject, *zip_bytes)),
            Size::Left { .. } => None,
        });
        let all = all.filter(move |(subject, _)| (*subject == Subject::McpLambda) == ours);
        all.min_by_key(|(_, bytes)| *bytes)
    };
    if let (Some((_, own)), Some((peer, least))) = (smallest(true), smallest(false)) {
        let [ours, theirs] = [own, least].map(|bytes| megabytes(bytes as f64 / 1e6));
        let measured = format!("{ours}, {} {theirs}", peer.as_str());
        add("ahead of every peer: zip".to_owned(), measured, own < least);
    }
}

fn request(row: &Row) -> String {
    format!("{} {}", row.era.as_str(), row.case.as_str())
}

/// The rows of requests.
pub fn rows(lines: &[Line]) -> impl Iterator<Item = &Row> {
    lines.iter().filter_map(|line| match line {
        Line::Request(row) => Some(row),
        Line::Stream(_) | Line::Floor(_) | Line::Left { .. } => None,
    })
}

fn streamed(lines: &[Line]) -> impl Iterator<Item = &Stream> {
    lines.iter().filter_map(|line| match line {
        Line::Stream(stream) => Some(stream),
        Line::Request(_) | Line::Floor(_) | Line::Left { .. } => None,
    })
}

fn floor(lines: &[Line]) -> impl Iterator<Item = &Floor> {
    lines.iter().filter_map(|line| match line {
        Line::Floor(floor) => Some(floor),
        Line::Request(_) | Line::Stream(_) | Line::Left { .. } => None,
    })
}

/// Rows by request and then by setting, so that those that compare are beside each other.
fn ordered(lines: &[Line]) -> impl Iterator<Item = &Row> {
    REQUESTS.into_iter().flat_map(move |(case, era)| {
        Setting::ALL.into_iter().flat_map(move |setting| {
            let key = (case, era, setting);
            rows(lines).filter(move |row| (row.case, row.era, row.setting) == key)
        })
    })
}

fn kinds(lines: &[Line]) -> Vec<(Subject, Setting)> {
    let mut kinds = Vec::new();
    for row in ordered(lines) {
        if !kinds.contains(&(row.subject, row.setting)) {
            kinds.push((row.subject, row.setting));
        }
    }
    kinds.sort_by_key(|(_, setting)| *setting as usize);
    kinds
}

/// The median of medians, and the range of all.
fn over(spreads: impl Iterator<Item = Spread>) -> Spread {
    let spreads: Vec<_> = spreads.collect();
    let of = |figure: fn(&Spread) -> f64| Spread::of(spreads.iter().map(figure));
    Spread {
        median: of(|spread| spread.median).median,
        lowest: of(|spread| spread.lowest).lowest,
        highest: of(|spread| spread.highest).highest,
    }
}

fn quantiles(quantiles: Quantiles) -> [String; 3] {
    let Quantiles { p50_us, p99_us, p999_us, .. } = quantiles;
    [p50_us, p99_us, p999_us].map(|micros| format!("{micros:.0}"))
}

fn range(spread: Spread) -> String {
    format!("{:.2}–{:.2}", spread.lowest, spread.highest)
}

fn millis(millis: f64) -> String {
    format!("{millis:.2} ms")
}

fn megabytes(megabytes: f64) -> String {
    format!("{megabytes:.2} MB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Era;

    fn row(subject: Subject, millis: f64) -> Line {
        let spread = Spread { median: millis, lowest: millis, highest: millis };
        let warm = Quantiles { p50_us: 1e3 * millis, p99_us: 2e3 * millis, ..Quantiles::default() };
        Line::Request(Row {
            subject,
            setting: Setting::Buffered,
            case: Case::Call,
            era: Era::Modern,
            processes: 1,
            start_ms: spread,
            start_cpu_ms: spread,
            first_ms: spread,
            first_cpu_ms: spread,
            warm,
            warm_cpu_us: 1.0,
            resident_mb: spread,
        })
    }

    fn verdicts(lines: &[Line], sizes: &[Size]) -> Vec<(String, bool)> {
        let mut all = Vec::new();
        aims(lines, sizes, |aim, _, met| all.push((aim, met)));
        all
    }

    #[test]
    fn aims_at_their_bounds() {
        for (millis, met) in [(3.9, true), (4.0, true), (4.1, false)] {
            let verdicts = verdicts(&[row(Subject::McpLambda, millis)], &[]);
            let start = verdicts.iter().find(|(aim, _)| aim.contains("first poll"));
            assert_eq!(start.expect("a line").1, met, "{millis}");
        }
        for (bytes, met) in [(2_999_999, true), (3_000_000, true), (3_000_001, false)] {
            let what = "x".to_owned();
            let zip_bytes = bytes;
            let size = Size::Package { subject: Subject::McpLambda, what, bytes, zip_bytes };
            assert_eq!(verdicts(&[], &[size]), [("zip ≤ 3 MB: x".to_owned(), met)]);
        }
    }

    #[test]
    fn what_a_call_adds_to_an_invoke() {
        let warm = Quantiles { p50_us: 100.0, p99_us: 150.0, ..Quantiles::default() };
        let floor = |operation: &str| {
            let first_ms = Spread::default();
            Line::Floor(Floor { operation: operation.to_owned(), warm, first_ms })
        };
        for (millis, met) in [(0.4, true), (0.41, false)] {
            let lines = [floor("GetItem"), floor("Invoke"), row(Subject::McpLambda, millis)];
            let verdicts = verdicts(&lines, &[]);
            let added = verdicts.iter().find(|(aim, _)| aim.contains("over an invoke"));
            assert_eq!(added.expect("a line").1, met, "{millis}");
        }
    }

    #[test]
    fn the_best_peer_decides() {
        let ours = row(Subject::McpLambda, 2.0);
        for (peers, met) in [([3.0, 9.0], true), ([9.0, 1.0], false), ([2.0, 9.0], false)] {
            let lines =
                [ours.clone(), row(Subject::Rmcp, peers[0]), row(Subject::Python, peers[1])];
            let verdicts = verdicts(&lines, &[]);
            let ahead: Vec<_> = verdicts.iter().filter(|(aim, _)| aim.contains("ahead")).collect();
            assert_eq!(ahead.len(), 4);
            assert!(ahead.iter().all(|(_, verdict)| *verdict == met), "{peers:?}");
        }
    }
}
