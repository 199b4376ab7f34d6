//! Secrets that must vanish, and their look-alikes, which must stay.

use super::*;

/// Put together here, so that no scanner of repositories takes a made-up token for a real one.
fn joined(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn every_pattern_compiles() {
    for (pattern, _) in PATTERNS {
        assert!(Regex::new(pattern).is_ok(), "{pattern}");
    }
    assert!(RegexSet::new(PATTERNS.map(|(pattern, _)| pattern)).is_ok());
}

#[test]
fn secrets_are_masked() {
    let mask = Mask::default();
    let jwt = joined(&["eyJ", "hbGciOiJIUzI1NiJ9.eyJ", "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"]);
    let key = joined(&["-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA ", "PRIVATE KEY-----"]);
    let (aws, slack, github, pat) = (
        joined(&["AKIA", "IOSFODNN7EXAMPLE"]),
        joined(&["xoxb", "-123456789012-abcdefGHIJ"]),
        joined(&["ghp_", "abcdefghij0123456789ABCDEFGHIJ012345"]),
        joined(&["github_pat_", "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz"]),
    );
    let fernet = "cryptography_not_commonly_included_key_val1=";
    for (text, want) in [
        ("Authorization: Bearer abcdef0123456789".to_owned(), "Authorization: Bearer ***".to_owned()),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}".into(), "{'Authorization': 'Basic ***'}".into()),
        (r#"{"authorization": "Token opaque-value-here"}"#.into(), r#"{"authorization": "Token ***"}"#.into()),
        ("authorization=9f8e7d6c5b4a".into(), "authorization=***".into()),
        ("X-Api-Key: k3yk3yk3y".into(), "X-Api-Key: ***".into()),
        ("sent bearer a1b2c3d4e5f6a7b8".into(), "sent bearer ***".into()),
        ("password=hunter2".into(), "password=***".into()),
        ("password = correcthorse, user = bob".into(), "password = ***, user = bob".into()),
        ("db_passwd: s3cret".into(), "db_passwd: ***".into()),
        ("password: correcthorse".into(), "password: ***".into()),
        (r#"{"password": "two words 1"}"#.into(), r#"{"password": "***"}"#.into()),
        (r#"{\"api_key\": \"abc123\", \"n\": 1}"#.into(), r#"{\"api_key\": \"***\", \"n\": 1}"#.into()),
        ("client_secret='abc-def'".into(), "client_secret='***'".into()),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG".into(), "AWS_SECRET_ACCESS_KEY=***".into()),
        ("https://x.example/?access_token=abc&page=2".into(), "https://x.example/?access_token=***&page=2".into()),
        ("https://a.blob.example/c?sv=1&sig=Zm9v%2Bbar&se=2".into(), "https://a.blob.example/c?sv=1&sig=***&se=2".into()),
        ("DRIVER=x;UID=sa;PWD=Str0ng;".into(), "DRIVER=x;UID=sa;PWD=***;".into()),
        ("AccountKey=abcd1234==;EndpointSuffix=x".into(), "AccountKey=***;EndpointSuffix=x".into()),
        ("postgresql://air:p@ss@db.example:5432/x".into(), "postgresql://air:***@db.example:5432/x".into()),
        ("redis://:pass@cache:6379/0".into(), "redis://:***@cache:6379/0".into()),
        ("git clone https://0123456789abcdef0123@git.example/x".into(), "git clone https://***@git.example/x".into()),
        ("jdbc:oracle:thin:scott/tiger@db:1521".into(), "jdbc:oracle:thin:scott/***@db:1521".into()),
        (format!("id {aws} used"), "id AKIA*** used".into()),
        (format!("jwt {jwt}!"), "jwt eyJ***!".into()),
        (format!("key {key} end"), format!("key {} end", joined(&["-----BEGIN RSA ", "PRIVATE KEY-----***"]))),
        (joined(&["-----BEGIN ", "PRIVATE KEY-----\\nMIIE cut here"]), joined(&["-----BEGIN ", "PRIVATE KEY-----***"])),
        (slack, "xoxb-***".into()),
        (github, "ghp_***".into()),
        (pat, "github_pat_***".into()),
        (format!("FERNET_KEY={fernet}"), "FERNET_KEY=***".into()),
        (format!("Fernet key is {fernet}"), "Fernet key is ***".into()),
        ("mysql --password hunter -h db".into(), "mysql --password *** -h db".into()),
        ("curl -u bob:builder https://x".into(), "curl -u bob:*** https://x".into()),
        ("Cookie: session=abc123def".into(), "Cookie: session=***".into()),
        ("login(password=\"p\", token='t')".into(), "login(password=\"***\", token='***')".into()),
        ("https://hooks.slack.com/services/T000/B000/abcdefgh".into(), "https://hooks.slack.com/services/***".into()),
    ] {
        assert_eq!(mask.apply(&text), want, "{text}");
    }
}

#[test]
fn look_alikes_stay() {
    let mask = Mask::default();
    for text in [
        "FATAL: password authentication failed for user \"airflow\"",
        "Token expired",
        "token: expired",
        "The token has expired; get a new one",
        "{\"error\": \"invalid_token\", \"error_description\": \"The token has expired\"}",
        "{\"token\": \"token is expired\"}",
        "KeyError: 'password'",
        "password=None",
        "password: ***",
        "password=%s",
        "password={password}",
        "password=${DB_PASSWORD}",
        "conn = connect(host=host, password=password)",
        "connect(password=self.password)",
        "token=get_token()",
        "api_key=os.environ[\"API_KEY\"]",
        "api_key=Variable.get('x')",
        "token_type=bearer expires_in=3600",
        "max_tokens=4096",
        "tokens: 1204",
        "Bearer authentication required",
        "Basic authentication failed",
        "Authorization: required",
        "-H \"Authorization: Bearer $TOKEN\" URL",
        "mismatched input; unexpected token: FROM at line 3",
        "Invalid username/password; logon denied",
        "secrets \"db-creds\" is forbidden",
        "secret: projects/123/secrets/foo/versions/4",
        "error: option --password requires an argument",
        "docker run -u 50000:0 image",
        "PWD=/opt/airflow",
        "http://api.example.com:8080/a/b@c",
        "https://api.example.com/v1?page=2&key=orders",
        "run_id=scheduled__2026-11-20T00:00:00+00:00",
        "-----BEGIN CERTIFICATE-----",
        "sha256 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
        "hf_some_long_task_name_here",
        "AKIALONGERNAMEOFSOMETHINGELSE",
        "KeyError: 'AWS_SECRET_ACCESS_KEY'",
        "secret_name=db-creds secret_arn=x",
    ] {
        assert_eq!(mask.apply(text), text);
    }
}
