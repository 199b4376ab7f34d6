//! An address that gets the report by POST. The address may hold a secret, as those of chats do: of it only scheme, host and port are ever told.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use tokio::runtime::Builder;

use crate::report::{ListAttempts, Report};

/// How long a body may be. The list of attempts is what makes one long: it is left out of one that would be longer.
const BODY_BYTES_MAX: usize = 8 << 20;

/// The pause before the second and last try.
const PAUSE: Duration = Duration::from_secs(1);

/// An address.
#[derive(Debug)]
pub(super) struct Webhook {
    url: Url,
    /// What of it may be told.
    shown: String,
}

/// Why a try failed, and whether the report has certainly not been taken.
struct Failure {
    says: String,
    is_worth_another: bool,
}

impl Webhook {
    /// # Errors
    /// Says what is wrong with the address, without it.
    pub(super) fn new(address: &str) -> Result<Self, String> {
        let url = Url::parse(address).map_err(|error| format!("--notify: the address is none ({error}); write https://HOST/PATH"))?;
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let shown = format!("{}://{host}{port}/***", url.scheme());
        Ok(Self { url, shown })
    }

    /// Sends the report, once more where it has certainly not arrived.
    pub(super) fn post(&self, report: &Report<'_>, timeout: Duration) -> Result<(), String> {
        let wrong = |says: String| format!("--notify {}: {says}", self.shown);
        let mut body = super::json(report)?;
        if body.len() > BODY_BYTES_MAX {
            body = super::json(&Report { list: ListAttempts::None, ..*report })?;
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(wrong(format!(
                "the report has {} bytes, more than the {BODY_BYTES_MAX} that are sent; use --notify exec:PROGRAM",
                body.len()
            )));
        }
        // There must be one for the whole process; if object stores have named one, it serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Who is redirected sends the report to where nobody asked for.
        let client =
            Client::builder().redirect(Policy::none()).timeout(timeout).user_agent(concat!("dagnosis/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|error| wrong(told(error, timeout)))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| wrong(error.to_string()))?;
        let sent = runtime.block_on(async {
            match self.once(&client, body.clone(), timeout).await {
                Err(failure) if failure.is_worth_another => {
                    tokio::time::sleep(PAUSE).await;
                    self.once(&client, body, timeout).await
                }
                sent => sent,
            }
        });
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        sent.map_err(|failure| wrong(failure.says))
    }

    async fn once(&self, client: &Client, body: Vec<u8>, timeout: Duration) -> Result<(), Failure> {
        let request = client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        // The answer's body is not read: nobody is told what stands in it.
        let status = match request.send().await {
            Ok(answer) => answer.status(),
            Err(error) => return Err(Failure { is_worth_another: error.is_connect(), says: told(error, timeout) }),
        };
        if status.is_success() {
            return Ok(());
        }
        let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
        let why = if status.is_redirection() { "; redirects are not followed: name the address it leads to" } else { "" };
        Err(Failure { says: format!("it answered {status}{why}"), is_worth_another: busy.contains(&status) })
    }
}

/// An error in its innermost words, which hold no address.
fn told(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s (--notify-timeout)", timeout.as_secs());
    }
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
