//! Every error tag is raised by a program of the corpus, or is known never to be, with the reason.

use dsl::diag::{NEVER_RAISED, Tag};
use std::collections::BTreeSet;
use std::path::Path;

fn tags(dir: &Path, out: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).expect("the corpus") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            tags(&path, out);
        } else if name.starts_with("err.") && name.ends_with(".d") {
            out.extend(name.split('.').nth(1).map(str::to_owned));
        }
    }
}

#[test]
fn every_tag_is_raised_or_never() {
    let mut raised = BTreeSet::new();
    tags(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/d/err"),
        &mut raised,
    );
    let never: BTreeSet<&str> = NEVER_RAISED.iter().map(|(t, _)| t.name()).collect();
    assert_eq!(never.len(), NEVER_RAISED.len(), "a tag is listed twice");
    let mut wrong = Vec::new();
    for tag in Tag::ALL {
        match (raised.contains(tag.name()), never.contains(tag.name())) {
            (false, false) => wrong.push(format!("{tag}: no program raises it")),
            (true, true) => wrong.push(format!("{tag}: raised, but listed as never")),
            _ => {}
        }
    }
    for name in &raised {
        if Tag::from_name(name).is_none() {
            wrong.push(format!("{name}: no such tag"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
