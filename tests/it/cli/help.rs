//! What README tells of the command is what its help tells.

use super::sockeye;

const README: &str = include_str!("../../../README.md");

fn help_of(command: &str) -> String {
    let output = sockeye(&[command, "--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// The options in what follows `before`, of which there is `one`, are all options of that command.
#[track_caller]
fn check(command: &str, before: &str, one: &str) {
    let help = help_of(command);
    let known: Vec<_> = help.split([' ', ',', '\n']).filter(|word| word.starts_with('-')).collect();
    let lines = README.lines().filter_map(|line| line.split_once(before));
    let words = lines.flat_map(|(_, rest)| rest.split([' ', '`', '.', ',']));
    let options: Vec<_> = words.filter(|word| word.len() > 1 && word.starts_with('-')).collect();
    assert!(options.contains(&one), "{options:?}");
    for option in options {
        assert!(known.contains(&option), "{option} isn't among {known:?}");
    }
}

#[test]
fn every_option_in_readme_is_one() {
    check("get", "sockeye get ", "-b");
    check("serve", "-- serve ", "--directory");
}

#[test]
fn the_exit_statuses_are_the_same() {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse().ok());
    let readme: Vec<u8> = rows.collect();
    let help = help_of("get");
    let (_, help) = help.split_once("Exit status").unwrap();
    let help: Vec<u8> =
        help.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    assert_eq!(readme, [0, 1, 2, 3, 4, 5, 6, 130]);
    assert_eq!(help, readme);
}
