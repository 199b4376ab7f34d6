//! The flags that say whom a report is sent to, and when.

use clap::Args;

use super::FailOn;

/// Whom the report is sent to.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Whom to tell")]
pub struct NotifyArgs {
    /// Send the JSON report, masked, if an incident is at least as grave as --notify-on says
    ///
    /// exec:PROGRAM gets it on standard input, https://.. by POST, where the program was built with webhooks. May be given several times.
    #[arg(long, hide_short_help = true, value_name = "TARGET")]
    pub notify: Vec<String>,

    /// An argument of the program of --notify exec:PROGRAM, which runs without a shell; may be given several times
    #[arg(long = "notify-arg", hide_short_help = true, value_name = "ARG", requires = "notify", allow_hyphen_values = true)]
    pub notify_args: Vec<String>,

    /// From which severity on, or of what is new, in the words of --fail-on; by default as --fail-on says
    #[arg(long, hide_short_help = true, value_enum, value_delimiter = ',', value_name = "SEVERITY", requires = "notify")]
    pub notify_on: Vec<FailOn>,

    /// How many seconds a program or an answer may take; by default 30
    #[arg(long, hide_short_help = true, value_name = "SECONDS", requires = "notify", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub notify_timeout: Option<u64>,
}
