//! What secrets look like: patterns with what announces them, and the known beginnings of tokens.
//!
//! Every pattern has the group `v` for the secret; what stands in `k` before it and in `t` behind it stays. A text may have been cut in the middle
//! of a secret: `\z` and `…` end one as well as what should.

use super::{Judge, judge};

/// What one sort of secret looks like.
#[derive(Debug)]
pub(super) struct Pattern {
    /// What a test calls it.
    pub(super) name: &'static str,
    /// One of these stands in every text that it matches, in small letters; none: it is tried on each text.
    pub(super) words: &'static [&'static str],
    /// The regular expression.
    pub(super) regex: &'static str,
    /// What is none after all.
    pub(super) judge: Judge,
}

/// A token that is known by how it begins.
#[derive(Debug)]
pub(super) struct Token {
    /// What a test calls it.
    pub(super) name: &'static str,
    /// The beginnings, which stay; as they are written.
    pub(super) begins: &'static [&'static str],
    /// The same in small letters.
    pub(super) words: &'static [&'static str],
    /// What follows: the secret.
    pub(super) rest: &'static str,
    /// Whether a word or a name could look like it: then it is one unless it has a digit or a capital.
    pub(super) random: bool,
}

/// In the order in which they are applied: what holds others in it comes first.
pub(super) const PATTERNS: [Pattern; 26] = [
    Pattern {
        // A private key, to its end or to the end of the text.
        name: "private-key",
        words: &["private key"],
        regex: r"(?s)(?P<k>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)(?P<v>[^*].*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z))",
        judge: judge::always,
    },
    Pattern {
        // The end of a private key whose beginning stands in another line.
        name: "private-key-end",
        words: &["private key"],
        regex: r"(?P<v>[A-Za-z0-9+/=]{4,80}(?:(?:\\+[nr]|\s)+[A-Za-z0-9+/=]{4,80})*)(?P<t>(?:\\+[nr]|\s)*-----END [A-Z0-9 ]{0,40}PRIVATE KEY)",
        judge: judge::always,
    },
    Pattern {
        // A line out of its middle: nothing else but base64 of the length that such lines have.
        name: "private-key-line",
        words: &[],
        regex: r"(?m)^(?P<k>[ \t]*)(?P<v>[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}|[A-Za-z0-9+/]{12})?)\r?$",
        judge: judge::mixed,
    },
    Pattern {
        // The lines of a PuTTY key.
        name: "putty-key",
        words: &["private-lines:"],
        regex: r"(?P<k>Private-Lines: \d{1,3}(?:\\+[nr]|\s)+)(?P<v>[A-Za-z0-9+/=]{4,80}(?:(?:\\+[nr]|\s)+[A-Za-z0-9+/=]{16,80})*)",
        judge: judge::always,
    },
    Pattern {
        // user:password@ in a URL. An `@` may stand in the password; a slash ends the authority.
        name: "url-password",
        words: &["://", ":\\/\\/"],
        regex: r#"(?P<k>[A-Za-z][A-Za-z0-9+.-]{0,40}:\\?/\\?/[^\s/:@"'<>\[\]\\]*:)(?P<v>[^\s/"'<>\\]+)(?P<t>@|…|\z)"#,
        judge: judge::url_password,
    },
    Pattern {
        // A password with a slash, which nobody escaped: what stands before the slash is no port.
        name: "url-password-slash",
        words: &["://"],
        regex: r#"(?P<k>[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s/:@"'<>\[\]]*:)(?P<v>[^\s/:@"'<>,;]+/[^\s@"'<>,;]*)(?P<t>@)"#,
        judge: judge::url_password,
    },
    Pattern {
        // The same, as a parameter of another URL or in an environment of an URL-encoded connection.
        name: "url-password-encoded",
        words: &["%3a%2f%2f"],
        regex: r#"(?P<k>(?i:%3A%2F%2F)[^\s%/:@"'<>&]*(?i:%3A))(?P<v>[^\s"'<>&]+?)(?P<t>(?i:%40))"#,
        judge: judge::always,
    },
    Pattern {
        // token@ in a URL.
        name: "url-token",
        words: &["://"],
        regex: r"(?P<k>[A-Za-z][A-Za-z0-9+.-]{0,40}://)(?P<v>[A-Za-z0-9_-]{20,})(?P<t>@)",
        judge: judge::random,
    },
    Pattern {
        // Oracle's user/password@.
        name: "oracle",
        words: &["oracle:thin:", "oracle://", "sqlplus"],
        regex: r"(?P<k>(?i:oracle:thin:|oracle://|\bsqlplus\s+(?:-\w+\s+)?)[A-Za-z0-9_$]+/)(?P<v>[^\s@/]+)(?P<t>@)",
        judge: judge::always,
    },
    Pattern {
        // user:password@ of a database without a scheme before it: its address follows.
        name: "bare-password",
        words: &["@"],
        regex: r#"(?P<k>\b[A-Za-z][A-Za-z0-9_.-]{0,63}:)(?P<v>[^\s:@/"'<>(){},;=]+)(?P<t>@(?:(?:tcp|unix)\(|[A-Za-z0-9.-]+:\d{2,5}\b))"#,
        judge: judge::bare,
    },
    Pattern {
        // A header with credentials that are a list of parameters.
        name: "header-parameters",
        words: &["authorization"],
        regex: concat!(
            r#"(?P<k>(?i:authorization)\\*["']?\s*[:=,]\s*(?:b?\\*["'])?(?i:digest|oauth|hawk|aws4-hmac-sha256)\s+)"#,
            r#"(?P<v>[A-Za-z0-9_-]+\s*=\s*(?:\\*"[^"\n]*"?|[^\s,"']+)(?:\s*,\s*[A-Za-z0-9_-]+\s*=\s*(?:\\*"[^"\n]*"?|[^\s,"']+))*)"#
        ),
        judge: judge::always,
    },
    Pattern {
        // A header with credentials: scheme and value.
        name: "header",
        words: &["authorization"],
        regex: r#"(?P<k>(?i:authorization)\\*["']?\s*[:=,]\s*(?:b?\\*["'])?(?P<scheme>[A-Za-z][A-Za-z0-9-]{1,24})\s+)(?P<v>[^\s"',;\\}]{4,})"#,
        judge: judge::header,
    },
    Pattern {
        // A header that is nothing but a secret.
        name: "header-key",
        words: &["authorization", "-key", "-token", "private-token", "x-functions-key"],
        regex: r#"(?P<k>(?:\b|\\[nrt])(?i:authorization|(?:x|ocp|dd|api)-[a-z-]{0,40}(?:key|token)|private-token|job-token)\\*["']?\s*[:=,]\s*(?:b?\\*["'])?)(?P<v>[^\s"',;\\}]{8,})"#,
        judge: judge::header_key,
    },
    Pattern {
        name: "bearer",
        words: &["bearer"],
        regex: r"(?P<k>(?:\b|\\[nrt])(?i:bearer)\s+)(?P<v>[A-Za-z0-9._~+/-]{12,}={0,2})",
        judge: judge::random,
    },
    Pattern {
        name: "basic",
        words: &["basic"],
        regex: r"(?P<k>(?:\b|\\[nrt])(?i:basic)\s+)(?P<v>[A-Za-z0-9+/]{8,}={0,2})",
        judge: judge::base64,
    },
    Pattern {
        // All cookies of a header.
        name: "cookie",
        words: &["cookie"],
        regex: r#"(?P<k>(?:\b|\\[nrt])(?i:(?:set-)?cookies?)\\*["']?\s*[:=,]\s*)(?P<v>b?\\*"[^"\n]*"?|b?\\*'[^'\n]*'?|[^\s=;,"'\\{]+=[^\n"'\\]*)"#,
        judge: judge::cookie,
    },
    Pattern {
        // A cookie as a client library prints it.
        name: "cookie-jar",
        words: &["<cookie "],
        regex: r"(?P<k><Cookie [^\s=]{1,80}=)(?P<v>[^\s>]+)",
        judge: judge::always,
    },
    Pattern {
        // An access key's other half right behind it.
        name: "aws-pair",
        words: &["akia", "asia"],
        regex: r#"(?P<k>\b(?:AKIA|ASIA)[A-Z0-9]{16}\\*["']?[\s,:;/|]{1,4}\\*["']?)(?P<v>[A-Za-z0-9/+]{40})\b"#,
        judge: judge::always,
    },
    Pattern {
        // The signature of a shared URL.
        name: "url-signature",
        words: &["sig=", "signature=", "x-amz-security-token=", "x-amz-credential=", "code="],
        regex: r#"(?P<k>(?:[?&;]|\\u0026|%26)(?i:sig|(?:x-(?:amz|goog)-)?signature|x-amz-security-token|x-amz-credential|code)=)(?P<v>[^\s&"'<>\\;]+)"#,
        judge: judge::signature,
    },
    Pattern {
        // A Fernet key close behind a word that announces a key: 32 bytes in base64.
        name: "fernet-key",
        words: &["fernet", "encryption", "secret", "key"],
        regex: r"(?P<k>(?i:fernet|encryption|secret|\bkey)\b[^\n=]{0,24}?[\s:='\x22])(?P<v>[A-Za-z0-9_-]{43}=)",
        judge: judge::random,
    },
    Pattern {
        // A command line: --password VALUE, -u user:VALUE; as Python shows its list too: ['--password', 'VALUE'].
        name: "argument",
        words: &["--", "-u", "sshpass", "mysql", "mariadb", "redis-cli", "ldap"],
        regex: concat!(
            r#"(?P<k>--?(?:[a-z]+-)*(?:password|passwd|passphrase|token|secret|api-key|access-key|secret-key)(?:\s+|["'],\s*)["']?"#,
            r#"|[\s"'](?:-u|--user)(?:\s+|["'],\s*)["']?[^\s:"']+:"#,
            r#"|\bsshpass\s+-p\s*["']?|\b(?:mysql|mysqldump|mysqladmin|mariadb)(?:\s|["'],\s*)(?:[^\n]{0,120}[\s"'])?-p["']?|\bredis-cli\s(?:[^\n]{0,120}\s)?-a\s+["']?"#,
            r#"|\bldap(?:search|modify|whoami)\s(?:[^\n]{0,120}\s)?-w\s+["']?)(?P<v>[^\s"']+)"#,
        ),
        judge: judge::argument,
    },
    Pattern {
        // A variable of a container: its name and its value have a field each.
        name: "environment",
        words: &["value"],
        regex: concat!(
            r#"(?P<k>(?i:name|key)\\*["']?\s*[:=]\s*\\*["']?[A-Za-z0-9_.-]{0,64}(?i:password|passwd|passphrase|secret|token|credentials?|api_?key|(?:access|account|private|fernet|secret)_?key|sql_alchemy_conn)\\*["']?"#,
            r#"\s*,?\s*\\*["']?(?i:value)\\*["']?\s*[:=]\s*)(?P<v>\\*"[^"\n]*"?|\\*'[^'\n]*'?|[^\s,;&"'<>)}\]\\]+)"#,
        ),
        judge: judge::quoted,
    },
    Pattern {
        // A pair: ('password', 'hunter2').
        name: "pair",
        words: &["pass", "secret", "token", "key"],
        regex: concat!(
            r#"(?P<k>\(b?["'][A-Za-z0-9_.-]{0,64}(?i:password|passwd|passphrase|secret|token|api_?key|(?:access|account|private|fernet|secret)_?key)["'],\s*)"#,
            r#"(?P<v>b?"[^"\n]*"?|b?'[^'\n]*'?)"#,
        ),
        judge: judge::quoted,
    },
    Pattern {
        // An element of XML.
        name: "element",
        words: &["</"],
        regex: r"(?P<k><(?:[a-z0-9]{1,16}:)?(?i:password|passwd|secret|token|api_?key|clientsecret|secretaccesskey|sessiontoken)(?:\s[^<>]{0,80})?>)(?P<v>[^<>]+)(?P<t></)",
        judge: judge::value,
    },
    Pattern {
        // What a database is told.
        name: "sql",
        words: &["identified", "password"],
        regex: r#"(?P<k>(?i:\bidentified\s+by\s+(?:password\s+|values\s+)?|\b(?:with|encrypted|set)\s+password\s+(?:=\s*)?))(?P<v>'[^'\n]*'?|"[^"\n]*"?)"#,
        judge: judge::quoted,
    },
    Pattern {
        // A name that tells, and its value: password=…, "api_key": "…", AWS_SECRET_ACCESS_KEY: ….
        name: "named",
        words: &["pass", "pwd", "secret", "token", "credential", "signature", "key", "sessid", "_auth"],
        regex: concat!(
            r"(?P<k>(?P<name>[A-Za-z0-9_.-]{0,64}(?i:password\d?|passwd|passphrase|passcode|pwd|secret|secret_?id|token|credentials?|signature|j?sessionid|phpsessid|_auth",
            r"|(?:access|account|api|secret|private|encryption|signing|shared|storage|master|fernet|license|consumer|ssh|auth|subscription|app|instrumentation)[_-]?(?:access[_-]?)?key)|\b(?i:pass))",
            r#"(?P<sep>\\*["']?\]?\s*(?:=>|:=|=|:)\s*))(?P<v>b?\\+"[^"\n]*"?|b?\\+'[^'\n]*'?|b?"(?:[^"\\\n]|\\.)*"?|b?'(?:[^'\\\n]|\\.)*'?|[^\s,;&"'<>)}\]\\]*[^\s,;&"'<>)}\]\\:])"#,
        ),
        judge: judge::named,
    },
];

/// A person's address.
pub(super) const EMAIL: Pattern = Pattern {
    name: "email",
    words: &["@"],
    regex: r"\b(?P<v>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63})(?P<t>@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24}\b)",
    judge: judge::always,
};

/// Forms of tokens, as those who hand them out document them.
pub(super) const TOKENS: [Token; 31] = [
    token("jwt", &["eyJ"], &["eyj"], r"(?:[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){1,4}|[A-Za-z0-9_-]{40,})", false),
    token("aws-key-id", &["AKIA", "ASIA"], &["akia", "asia"], r"[A-Z0-9]{16}\b", false),
    token(
        "slack",
        &["xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xapp-"],
        &["xox", "xapp-"],
        r"[A-Za-z0-9%._-]{16,}",
        true,
    ),
    token(
        "slack-hook",
        &["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"],
        &["hooks.slack.com"],
        r"[A-Za-z0-9/]{16,}",
        false,
    ),
    token("github", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"[A-Za-z0-9]{30,}", true),
    token("github-fine", &["github_pat_"], &["github_pat_"], r"[A-Za-z0-9_]{20,}", true),
    token(
        "gitlab",
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"],
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"],
        r"[A-Za-z0-9_.-]{18,}",
        true,
    ),
    token("google-key", &["AIza"], &["aiza"], r"[A-Za-z0-9_-]{30,}", false),
    token("google-oauth", &["ya29.", "GOCSPX-"], &["ya29.", "gocspx-"], r"[A-Za-z0-9_.-]{16,}", true),
    token(
        "stripe",
        &["sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"],
        &["k_live_", "k_test_", "whsec_"],
        r"[A-Za-z0-9]{16,}",
        true,
    ),
    token("npm", &["npm_"], &["npm_"], r"[A-Za-z0-9]{30,}", true),
    token("pypi", &["pypi-"], &["pypi-"], r"[A-Za-z0-9_-]{32,}", true),
    token("hugging-face", &["hf_"], &["hf_"], r"[A-Za-z0-9]{30,}", true),
    token("vault", &["hvs.", "hvb.", "hvr."], &["hvs.", "hvb.", "hvr."], r"[A-Za-z0-9_-]{20,}", true),
    token("databricks", &["dapi", "dose"], &["dapi", "dose"], r"[a-f0-9]{32}(?:-\d)?\b", true),
    token("sendgrid", &["SG."], &["sg."], r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", true),
    token("fernet-token", &["gAAAAA"], &["gaaaaa"], r"[A-Za-z0-9_-]{20,}={0,2}", true),
    token("openai", &["sk-proj-", "sk-ant-", "sk-svcacct-", "sk-admin-", "sk-or-", "sk-"], &["sk-"], r"[A-Za-z0-9_-]{20,}", true),
    token("digital-ocean", &["dop_v1_", "doo_v1_", "dor_v1_"], &["dop_v1_", "doo_v1_", "dor_v1_"], r"[a-f0-9]{40,}", false),
    token("docker", &["dckr_pat_", "dckr_oat_"], &["dckr_"], r"[A-Za-z0-9_-]{20,}", true),
    token("grafana", &["glsa_", "glc_"], &["glsa_", "glc_"], r"[A-Za-z0-9_+/=]{28,}", true),
    token("new-relic", &["NRAK-", "NRIQ-", "NRRA-", "NRII-"], &["nrak-", "nriq-", "nrra-", "nrii-"], r"[A-Za-z0-9_-]{20,}", true),
    token("shopify", &["shpat_", "shpca_", "shppa_", "shpss_"], &["shp"], r"[A-Fa-f0-9]{32}", false),
    token("atlassian", &["ATATT3", "ATCTT3", "ATBB"], &["atatt3", "atctt3", "atbb"], r"[A-Za-z0-9_=-]{20,}", true),
    token(
        "linear",
        &["lin_api_", "ntn_", "PMAK-", "dp.pt.", "tfp_", "pul-"],
        &["lin_api_", "ntn_", "pmak-", "dp.pt.", "tfp_", "pul-"],
        r"[A-Za-z0-9_-]{24,}",
        true,
    ),
    token("age", &["AGE-SECRET-KEY-1"], &["age-secret-key-1"], r"[A-Z0-9]{40,}", false),
    token("telegram", &["api.telegram.org/bot"], &["api.telegram.org/bot"], r"\d{6,12}:[A-Za-z0-9_-]{20,}", false),
    token(
        "chat-hook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "outlook.office.com/webhook/", "webhook.office.com/webhookb2/"],
        &["api/webhooks/", "/webhook/", "/webhookb2/"],
        r"[A-Za-z0-9@/_-]{16,}",
        false,
    ),
    token("mailgun", &["key-"], &["key-"], r"[a-f0-9]{32}\b", true),
    token("twilio", &["SK"], &["sk"], r"[a-f0-9]{32}\b", true),
    token(
        "snowflake",
        &["ver:1-hint:", "ver:3-hint:"],
        &["-hint:"],
        r"[0-9]+-ETMs[A-Za-z0-9+/=_.-]{16,}|[0-9]+-[A-Za-z0-9+/=_.-]{40,}",
        true,
    ),
];

const fn token(
    name: &'static str,
    begins: &'static [&'static str],
    words: &'static [&'static str],
    rest: &'static str,
    random: bool,
) -> Token {
    Token { name, begins, words, rest, random }
}

/// One expression for the tokens that are wanted.
pub(super) fn of_tokens(wanted: impl Fn(&Token) -> bool) -> String {
    let forms = TOKENS.iter().filter(|token| wanted(token)).map(|token| {
        let begins: Vec<String> = token.begins.iter().map(|begin| regex::escape(begin)).collect();
        format!("(?:{})(?:{})", begins.join("|"), token.rest)
    });
    format!(r"(?P<k>\b|\\[nrt])(?P<token>{})", forms.collect::<Vec<String>>().join("|"))
}

/// A token without what is secret of it; `None` for what only begins like one.
pub(super) fn without_token(found: &str) -> Option<String> {
    let begin = |token: &Token| token.begins.iter().find(|begin| found.starts_with(**begin)).copied();
    let (token, begin) = TOKENS.iter().find_map(|token| Some((token, begin(token)?)))?;
    let secret = found.get(begin.len()..)?;
    (!token.random || judge::looks_random(secret)).then(|| format!("{begin}***"))
}
