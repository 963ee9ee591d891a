//! The reference of all commands, in Markdown, made from their help.

use clap::CommandFactory;

use super::{Cli, examples};

/// Width of the help in the reference, in characters.
const WIDTH: usize = 110;

/// A section per command, with its help.
pub fn reference() -> String {
    let mut program = Cli::command().term_width(WIDTH);
    program.build();
    let commands = program.get_subcommands_mut();
    let shown = commands.filter(|command| !command.is_hide_set() && command.get_name() != "help");
    let section = |command: &mut clap::Command| {
        let name = command.get_name().to_owned();
        let help = command.clone().term_width(WIDTH).render_long_help().to_string();
        let lines: Vec<_> = help.lines().map(str::trim_end).collect();
        format!("## `pixmill {name}`\n\n```text\n{}\n```\n", lines.join("\n").trim())
    };
    shown.map(section).collect::<Vec<_>>().join("\n")
}

/// The rows of the table of exit codes: code and meaning.
pub fn exit_codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    examples::EXIT_CODES.lines().skip(1).filter_map(|line| line.trim().split_once("  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_section_with_examples() {
        let text = reference();
        let headings = text.lines().filter(|line| line.starts_with("## ")).count();
        assert_eq!(headings, text.matches("\nExamples:\n").count(), "{text}");
        assert!(text.contains("## `pixmill process`\n") && !text.contains("render-worker"), "{text}");
    }

    #[test]
    fn exit_codes_have_meanings() {
        let codes: Vec<_> = exit_codes().collect();
        assert_eq!(codes.len(), 3);
        assert_eq!(codes[0], ("0", "success"));
    }
}
