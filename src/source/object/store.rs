//! One bucket or container, by what the environment says of its service.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::list::PaginatedListStore;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};

use super::requests::Requests;
use super::url::{Service, Url};

/// A bucket or container, and the thread that talks to it.
pub(super) struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) pages: Arc<dyn PaginatedListStore>,
    pub(super) requests: Arc<Requests>,
}

impl Store {
    /// Takes the bucket of a name. Nothing is asked of it yet.
    ///
    /// # Errors
    /// What in the environment does not do, as a sentence.
    pub(super) fn new(url: &Url, requests: Arc<Requests>) -> Result<Self, String> {
        match url.service {
            Service::S3 => {
                let builder = AmazonS3Builder::from_env().with_bucket_name(&url.bucket).with_retry(retry());
                let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
                let allowed = builder.get_config_value(&AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
                encrypted(endpoint, allowed, "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")?;
                let built = builder.build().map_err(|error| wrong("AWS_", &error))?;
                Ok(Self::of(built, requests))
            }
            Service::Google => {
                let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&url.bucket);
                let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
                let allowed = builder.get_config_value(&GoogleConfigKey::Client(ClientConfigKey::AllowHttp));
                encrypted(endpoint, allowed, "GOOGLE_BASE_URL", "GOOGLE_ALLOW_HTTP")?;
                let built = builder.build().map_err(|error| wrong("GOOGLE_", &error))?;
                Ok(Self::of(built, requests))
            }
            Service::Azure => {
                let builder = MicrosoftAzureBuilder::from_env();
                let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
                let allowed = builder.get_config_value(&AzureConfigKey::Client(ClientConfigKey::AllowHttp));
                encrypted(endpoint, allowed, "AZURE_STORAGE_ENDPOINT", "AZURE_ALLOW_HTTP")?;
                let builder = match url.bucket.contains('@') {
                    true => builder.with_url(format!("abfss://{}/", url.bucket)),
                    false => builder.with_container_name(&url.bucket),
                };
                if builder.get_config_value(&AzureConfigKey::AccountName).is_none()
                    && builder.get_config_value(&AzureConfigKey::UseEmulator).as_deref() != Some("true")
                    && !url.bucket.contains('@')
                {
                    return Err("the storage account is not known; set AZURE_STORAGE_ACCOUNT_NAME in the environment".to_owned());
                }
                let built = builder.build().map_err(|error| wrong("AZURE_", &error))?;
                Ok(Self::of(built, requests))
            }
        }
    }

    fn of<S: ObjectStore + PaginatedListStore>(store: S, requests: Arc<Requests>) -> Self {
        let store = Arc::new(store);
        Self { objects: Arc::<S>::clone(&store), pages: store, requests }
    }
}

/// How often a request is tried: the crate's own policy (10 more tries within 3 minutes, each after a longer pause), and as many as Amazon's own
/// tools would be told to.
fn retry() -> RetryConfig {
    let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|text| text.parse::<usize>().ok()).filter(|attempts| *attempts > 0);
    let retry = RetryConfig::default();
    RetryConfig { max_retries: attempts.map_or(retry.max_retries, |attempts| attempts - 1), ..retry }
}

/// A request that is not encrypted would be tried again and again, and sent never.
fn encrypted(endpoint: Option<String>, allowed: Option<String>, setting: &str, allowing: &str) -> Result<(), String> {
    let is_open = endpoint.is_some_and(|endpoint| endpoint.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")));
    if is_open && allowed.as_deref() != Some("true") {
        return Err(format!(
            "{setting} is an http:// address, so that nothing would be encrypted; set {allowing}=true too, or write https://"
        ));
    }
    Ok(())
}

/// What to say of settings that the crate does not take. Long words may be keys, and addresses may hold passwords.
fn wrong(prefix: &str, error: &object_store::Error) -> String {
    const WORD_BYTES_MAX: usize = 24;
    let says = error.to_string();
    let shown: Vec<&str> =
        says.split_whitespace().map(|word| if word.len() > WORD_BYTES_MAX || word.contains("://") { ".." } else { word }).collect();
    format!("the settings {prefix}.. in the environment do not do: {}", shown.join(" "))
}
