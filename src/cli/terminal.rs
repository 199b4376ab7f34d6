//! What standard output can show: colours, links, and how wide it is. The one place that asks the terminal and the environment.

use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use supports_hyperlinks::Stream;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What standard output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Colours.
    pub color: bool,
    /// Links, by the sequence OSC 8.
    pub links: bool,
    /// How many columns it has, where it is a terminal.
    pub width: Option<usize>,
}

impl ColorWhen {
    /// What standard output can show. By itself, colours go by `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM`, and links by what is known of the
    /// terminal; both are for terminals alone.
    #[must_use]
    pub fn screen(self) -> Screen {
        let stdout = io::stdout();
        let color = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => AutoStream::choice(&stdout) != ColorChoice::Never,
        };
        let is_terminal = stdout.is_terminal();
        Screen {
            color,
            links: color && is_terminal && supports_hyperlinks::on(Stream::Stdout),
            width: terminal_size::terminal_size_of(&stdout).filter(|_| is_terminal).map(|(width, _)| usize::from(width.0)),
        }
    }
}
