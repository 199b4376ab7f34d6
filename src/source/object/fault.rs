//! What to say where an object store does not give what was asked for. Answers and settings are never repeated: they may hold signatures and keys.

use std::error::Error as StdError;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Error as PathError;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// What was seen and what can be done, as the end of a sentence.
    pub(super) says: String,
}

/// What a failure means for what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// There is no such object.
    NoObject,
    /// There is no such bucket.
    NoBucket,
    /// A key that cannot be asked for.
    Key(String),
    /// Anything else.
    Other,
}

impl Fault {
    /// What came of work that was given up.
    pub(super) fn lost() -> Self {
        Self { kind: FaultKind::Other, says: "the request was given up".to_owned() }
    }

    /// What is wrong with a key that cannot be asked for.
    pub(super) fn of_key() -> &'static str {
        "its key has an empty part ('//'), one that is '.' or '..', or a control character, and is not read; copy it to a file, or to another key"
    }

    pub(super) fn of(error: &Error) -> Self {
        let other = |says: String| Self { kind: FaultKind::Other, says };
        let (status, code) = answer(error);
        let told = code.map(|code| format!(" {code}")).unwrap_or_default();
        match (error, status) {
            _ if asks_the_machine(error) => other(
                "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS or AZURE_STORAGE_ACCOUNT_KEY in the \
                 environment, or AWS_SKIP_SIGNATURE=true (GOOGLE_, AZURE_) where anybody may read"
                    .to_owned(),
            ),
            (Error::InvalidPath { source: PathError::EmptySegment { path } | PathError::BadSegment { path, .. } }, _) => Self {
                kind: FaultKind::Key(path.clone()),
                says: Self::of_key().to_owned(),
            },
            _ if is_bucket(code) => Self { kind: FaultKind::NoBucket, says: "there is no such bucket or container".to_owned() },
            (Error::NotFound { .. }, _) | (_, Some(404)) => {
                Self { kind: FaultKind::NoObject, says: "it vanished while the scan ran".to_owned() }
            }
            (Error::Precondition { .. }, _) | (_, Some(412)) => {
                other("it was replaced while it was read; what came before was used".to_owned())
            }
            (_, Some(416)) => other("it became shorter while it was read; what came before was used".to_owned()),
            (Error::PermissionDenied { .. }, _) | (_, Some(403)) => other(format!(
                "permission denied (403{told}); the credentials in the environment must allow to list the bucket and to read its objects"
            )),
            (Error::Unauthenticated { .. }, _) | (_, Some(401)) => {
                other(format!("the credentials in the environment are not accepted (401{told})"))
            }
            (_, Some(429 | 503)) => {
                other(format!("the store asked to slow down ({}{told}) until the last try; run it again later", status.unwrap_or_default()))
            }
            (_, Some(status @ 300..=399)) => {
                other(format!("the store sent elsewhere ({status}{told}), as for a bucket of another region; set AWS_REGION to its own"))
            }
            (_, Some(status)) => other(format!("the store answered with an error ({status}{told})")),
            _ => other(transport(error)),
        }
    }
}

/// All errors from the outermost to the innermost.
fn chain(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |error: &&(dyn StdError + 'static)| (*error).source())
}

/// The status of the answer, and the word with which the store explains it. The crate tells both in its message alone.
fn answer(error: &Error) -> (Option<u16>, Option<&'static str>) {
    /// The words that are repeated; any other text is not.
    const CODES: [&str; 22] = [
        "AccessDenied",
        "AllAccessDisabled",
        "AuthenticationFailed",
        "AuthorizationFailure",
        "AuthorizationPermissionMismatch",
        "BlobNotFound",
        "ContainerNotFound",
        "ExpiredToken",
        "InternalError",
        "InvalidAccessKeyId",
        "InvalidObjectState",
        "InvalidToken",
        "NoSuchBucket",
        "NoSuchKey",
        "PermanentRedirect",
        "RequestTimeTooSkewed",
        "ServerBusy",
        "ServiceUnavailable",
        "SignatureDoesNotMatch",
        "SlowDown",
        "TooManyRequests",
        "UserProjectMissing",
    ];
    let says = error.to_string();
    let status = says.split("status code: ").nth(1).and_then(|rest| rest.get(..3)).and_then(|digits| digits.parse().ok());
    let status = status.or_else(|| says.contains("Received redirect without LOCATION").then_some(301));
    (status, CODES.iter().find(|code| says.contains(&format!("<Code>{code}</Code>"))).copied())
}

fn is_bucket(code: Option<&str>) -> bool {
    matches!(code, Some("NoSuchBucket" | "ContainerNotFound"))
}

/// Whether it was a machine in the cloud that was asked, for its own credentials: so it is where the environment names none.
fn asks_the_machine(error: &Error) -> bool {
    let says = error.to_string();
    ["169.254.169.254", "metadata.google.internal", "metadata/identity"].iter().any(|part| says.contains(part))
}

/// What to say where there was no answer.
fn transport(error: &Error) -> String {
    let cause = chain(error).filter_map(|error| error.downcast_ref::<std::io::Error>()).last().map(|error| format!(" ({})", error.kind()));
    let cause = cause.unwrap_or_default();
    match chain(error).find_map(|error| error.downcast_ref::<HttpError>()).map(HttpError::kind) {
        Some(HttpErrorKind::Connect) => format!("the store cannot be reached{cause}"),
        Some(HttpErrorKind::Timeout) => "the store did not answer in time".to_owned(),
        Some(HttpErrorKind::Interrupted | HttpErrorKind::Request) => format!("the connection to the store broke off{cause}"),
        Some(HttpErrorKind::Decode) => format!("the connection broke off, or the store's answer was damaged{cause}"),
        _ => format!("the store's answer was not understood{cause}"),
    }
}
