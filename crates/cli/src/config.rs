//! The settings in force and where each came from: flag over environment over profile over default.
//!
//! A profile that `--profile` names is said by a flag, so what is in it beats the environment too.
//!
//! Profiles live in one file, `admit/profiles.toml` under the user's configuration directory (on Unix
//! `$XDG_CONFIG_HOME`, else `~/.config`; on Windows `%APPDATA%`). It may hold tokens, so on Unix only its owner
//! may read it (mode 0600); a file that others can read is refused. `config.default.toml` shows its format.

use crate::credentials::{Secret, Source};
use crate::flags::Global;
use crate::when;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use telegram::bot_api::{BadProxy, Proxy, Settings};

/// A profile file with every setting, commented; printed by `admit config explain`.
pub(crate) const EXAMPLE: &str = include_str!("config.default.toml");

/// A setting and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// Where a setting came from, by precedence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    Profile(String),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Every setting, read and checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) file: Option<PathBuf>,
    pub(crate) profile: Setting<Option<String>>,
    pub(crate) token: Setting<Source>,
    pub(crate) api_url: Setting<String>,
    pub(crate) proxy: Setting<Option<Proxy>>,
    pub(crate) timeout: Setting<Duration>,
    /// Nowhere, on a machine without a configuration directory.
    pub(crate) session_file: Setting<Option<PathBuf>>,
    /// Beside the session, where nobody said.
    pub(crate) session_key_file: Setting<Option<PathBuf>>,
    pub(crate) api_id: Setting<Option<i32>>,
    pub(crate) api_hash: Setting<Source>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{origin} says `{value}`: {rule}")]
    Bad { origin: Origin, value: String, rule: String },
    #[error("cannot read the profiles in `{}`", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}`, line {line}: {message}", path.display())]
    Malformed { path: PathBuf, line: usize, message: String },
    #[error("others can read `{}` (mode {mode:o}), and it may hold tokens", path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("{origin} names the profile `{name}`, which is not in `{}`", path.display())]
    NoProfile { origin: Origin, name: String, path: PathBuf },
    #[error("the profile `{profile}` has both `{what}` and `{what}_file`; keep one")]
    Both { profile: String, what: &'static str },
    #[error("{0} names a profile, but this machine has no configuration directory")]
    NoDirectory(Origin),
}

impl Error {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::TooOpen { path, .. } => Some(format!("`chmod 600 {}`", path.display())),
            Self::Malformed { .. } | Self::NoProfile { .. } => {
                Some("`admit config explain` shows the file's format".to_owned())
            }
            _ => None,
        }
    }
}

/// The environment, which only `main` really reads.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The file as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Profile {
    token: Option<Secret>,
    token_file: Option<PathBuf>,
    api_url: Option<String>,
    proxy: Option<Secret>,
    timeout: Option<String>,
    session_file: Option<PathBuf>,
    api_id: Option<i32>,
    api_hash: Option<Secret>,
    api_hash_file: Option<PathBuf>,
}

impl Config {
    /// Puts the layers together.
    pub(crate) fn load(flags: &Global, variables: Variables<'_>) -> Result<Self, Error> {
        let path = file_path(variables);
        let file = match &path {
            Some(path) => read(path)?,
            None => File::default(),
        };
        let named = first([
            (flags.profile.clone(), Origin::Flag("--profile")),
            (variables("ADMIT_PROFILE"), Origin::Variable("ADMIT_PROFILE")),
            (file.default.clone(), Origin::Default),
        ]);
        let (profile, chosen) = match named {
            None => (Setting { value: None, origin: Origin::Default }, Profile::default()),
            Some(Setting { value: name, origin }) => {
                let chosen = choose(file, &name, &origin, path.as_deref())?;
                (Setting { value: Some(name), origin }, chosen)
            }
        };
        let from_profile = || Origin::Profile(profile.value.clone().unwrap_or_default());
        // Naming a profile aloud means what is in it, whatever the environment happens to hold.
        let (aloud, quiet) = match profile.is_aloud() {
            true => (chosen, Profile::default()),
            false => (Profile::default(), chosen),
        };

        let token = first([
            (flags.token_file.as_deref().map(path_or_stdin), Origin::Flag("--token-file")),
            (secret(aloud.token, aloud.token_file), from_profile()),
            (
                variables("ADMIT_BOT_TOKEN").map(|text| Source::Text(Secret(text))),
                Origin::Variable("ADMIT_BOT_TOKEN"),
            ),
            (
                variables("ADMIT_BOT_TOKEN_FILE").map(|path| Source::File(path.into())),
                Origin::Variable("ADMIT_BOT_TOKEN_FILE"),
            ),
            (secret(quiet.token, quiet.token_file), from_profile()),
        ]);
        let api_url = first([
            (flags.api_url.clone(), Origin::Flag("--api-url")),
            (aloud.api_url, from_profile()),
            (variables("ADMIT_API_URL"), Origin::Variable("ADMIT_API_URL")),
            (quiet.api_url, from_profile()),
        ]);
        let proxy = first([
            (flags.proxy.clone(), Origin::Flag("--proxy")),
            (aloud.proxy, from_profile()),
            (variables("ADMIT_PROXY").map(Secret), Origin::Variable("ADMIT_PROXY")),
            (proxy_in_file(variables)?, Origin::Variable("ADMIT_PROXY_FILE")),
            (quiet.proxy, from_profile()),
        ]);
        let timeout = first([
            (flags.timeout.clone(), Origin::Flag("--timeout")),
            (aloud.timeout, from_profile()),
            (variables("ADMIT_TIMEOUT"), Origin::Variable("ADMIT_TIMEOUT")),
            (quiet.timeout, from_profile()),
        ]);
        let usual_session = path.as_deref().map(|path| usual_session_file(path, profile.value.as_deref()));
        // Every profile has a session, so one that is named aloud never leaves it to the environment.
        let alouds = || usual_session.clone().filter(|_| profile.is_aloud());
        let session_file = first([
            (flags.session_file.clone().map(Some), Origin::Flag("--session-file")),
            (aloud.session_file.or_else(alouds).map(Some), from_profile()),
            (
                variables("ADMIT_SESSION_FILE").map(|path| Some(path.into())),
                Origin::Variable("ADMIT_SESSION_FILE"),
            ),
            (quiet.session_file.map(Some), from_profile()),
        ]);
        let session_key_file = first([(
            variables("ADMIT_SESSION_KEY_FILE").map(|path| Some(path.into())),
            Origin::Variable("ADMIT_SESSION_KEY_FILE"),
        )]);
        let api_id = first([
            (aloud.api_id.map(|id| id.to_string()), from_profile()),
            (variables("ADMIT_API_ID"), Origin::Variable("ADMIT_API_ID")),
            (quiet.api_id.map(|id| id.to_string()), from_profile()),
        ]);
        let api_hash = first([
            (secret(aloud.api_hash, aloud.api_hash_file), from_profile()),
            (
                variables("ADMIT_API_HASH").map(|text| Source::Text(Secret(text))),
                Origin::Variable("ADMIT_API_HASH"),
            ),
            (
                variables("ADMIT_API_HASH_FILE").map(|path| Source::File(path.into())),
                Origin::Variable("ADMIT_API_HASH_FILE"),
            ),
            (secret(quiet.api_hash, quiet.api_hash_file), from_profile()),
        ]);
        let default = Settings::default();
        Ok(Self {
            file: path,
            session_file: or(session_file, usual_session),
            session_key_file: or(session_key_file, None),
            api_id: match api_id {
                None => or(None, None),
                Some(setting) => check_api_id(setting)?,
            },
            api_hash: or(api_hash, Source::Nowhere),
            profile,
            token: or(token, Source::Nowhere),
            api_url: check_url(or(api_url, default.api_url))?,
            proxy: match proxy {
                None => Setting { value: None, origin: Origin::Default },
                Some(Setting { value: Secret(value), origin }) => {
                    let read = value.parse().map_err(|why| Error::Bad {
                        origin: origin.clone(),
                        value: without_login(&value),
                        rule: proxy_rule(why),
                    })?;
                    Setting { value: Some(read), origin }
                }
            },
            timeout: match timeout {
                None => Setting { value: default.limit, origin: Origin::Default },
                Some(Setting { value, origin }) => {
                    let read = when::time_limit(&value).map_err(|rule| Error::Bad {
                        origin: origin.clone(),
                        value,
                        rule,
                    })?;
                    Setting { value: read, origin }
                }
            },
        })
    }

    /// Who was named aloud, where the token is only one that the environment or a profile that nobody named happens to
    /// hold.
    pub(crate) fn named_before_the_token(&self) -> Option<String> {
        let is_by_chance = match self.token.origin {
            Origin::Variable(_) => true,
            Origin::Profile(_) => !self.profile.is_aloud(),
            Origin::Flag(_) | Origin::Default => false,
        };
        match (&self.session_file.value, &self.profile.value) {
            _ if !is_by_chance => None,
            (Some(path), _) if self.session_file.is_aloud() => {
                Some(format!("the session `{}`", path.display()))
            }
            (_, Some(name)) if self.profile.is_aloud() => Some(format!("the profile `{name}`")),
            _ => None,
        }
    }
}

impl<T> Setting<Option<T>> {
    /// Whether a flag said it.
    pub(crate) fn is_aloud(&self) -> bool {
        matches!(self.origin, Origin::Flag(_))
    }
}

/// A secret that stands in the profile itself, or in a file of its own.
fn secret(text: Option<Secret>, file: Option<PathBuf>) -> Option<Source> {
    text.map(Source::Text).or(file.map(Source::File))
}

/// The first layer that says something.
fn first<T, const N: usize>(layers: [(Option<T>, Origin); N]) -> Option<Setting<T>> {
    layers.into_iter().find_map(|(value, origin)| value.map(|value| Setting { value, origin }))
}

fn or<T>(setting: Option<Setting<T>>, default: T) -> Setting<T> {
    setting.unwrap_or(Setting { value: default, origin: Origin::Default })
}

pub(crate) fn path_or_stdin(path: &Path) -> Source {
    if path == Path::new("-") { Source::Stdin } else { Source::File(path.to_owned()) }
}

fn check_url(url: Setting<String>) -> Result<Setting<String>, Error> {
    if url.value.starts_with("https://") || url.value.starts_with("http://") {
        return Ok(url);
    }
    let rule = "the address of a Bot API begins with `https://` or `http://`, as `https://api.telegram.org`";
    Err(Error::Bad { origin: url.origin, value: url.value, rule: rule.to_owned() })
}

/// A proxy with a password is a secret like any other, and may stand in a file.
fn proxy_in_file(variables: Variables<'_>) -> Result<Option<Secret>, Error> {
    let Some(path) = variables("ADMIT_PROXY_FILE") else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Secret(text.trim().to_owned()))),
        Err(why) => {
            let origin = Origin::Variable("ADMIT_PROXY_FILE");
            Err(Error::Bad { origin, value: path, rule: format!("it cannot be read: {why}") })
        }
    }
}

/// A proxy as it may be shown, even if it is none.
fn without_login(proxy: &str) -> String {
    proxy.rsplit_once('@').map_or(proxy.to_owned(), |(_, place)| format!("(hidden)@{place}"))
}

fn proxy_rule(why: BadProxy) -> String {
    match why {
        // An example with a password in it would be shown without it, like any other.
        BadProxy::Scheme => {
            "a proxy begins with `http://` or `socks5://`, such as `http://host:3128`".to_owned()
        }
        why => why.to_string(),
    }
}

fn choose(mut file: File, name: &str, origin: &Origin, path: Option<&Path>) -> Result<Profile, Error> {
    let path = path.ok_or_else(|| Error::NoDirectory(origin.clone()))?;
    let missing =
        || Error::NoProfile { origin: origin.clone(), name: name.to_owned(), path: path.to_owned() };
    let chosen = file.profile.remove(name).ok_or_else(missing)?;
    let twice = [
        ("token", chosen.token.is_some() && chosen.token_file.is_some()),
        ("api_hash", chosen.api_hash.is_some() && chosen.api_hash_file.is_some()),
    ];
    match twice.into_iter().find(|(_, both)| *both) {
        Some((what, _)) => Err(Error::Both { profile: name.to_owned(), what }),
        None => Ok(chosen),
    }
}

/// What my.telegram.org gives out as an `api_id`.
pub(crate) fn check_api_id(said: Setting<String>) -> Result<Setting<Option<i32>>, Error> {
    match said.value.parse() {
        Ok(id) if id > 0 => Ok(Setting { value: Some(id), origin: said.origin }),
        _ => {
            let rule = "an application has a number such as 12345; my.telegram.org gives one out".to_owned();
            Err(Error::Bad { origin: said.origin, value: said.value, rule })
        }
    }
}

/// Where the session of a profile is kept, if nobody says otherwise. A profile may have any name, a file may not; and one
/// that is called as the file of whoever has none is spelled differently.
fn usual_session_file(profiles: &Path, profile: Option<&str>) -> PathBuf {
    const OF_NONE: &str = "default";
    let name = match profile {
        None => OF_NONE.to_owned(),
        Some(OF_NONE) => "%64efault".to_owned(),
        Some(name) => utf8_percent_encode(name, IN_NO_NAME).to_string(),
    };
    profiles.with_file_name("sessions").join(format!("{name}.session"))
}

const IN_NO_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Where the profiles are.
fn file_path(variables: Variables<'_>) -> Option<PathBuf> {
    let directory = if cfg!(windows) {
        PathBuf::from(variables("APPDATA")?)
    } else {
        // A relative path here is to be ignored, says the XDG specification.
        let xdg = variables("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        match xdg {
            Some(path) => path,
            None => PathBuf::from(variables("HOME")?).join(".config"),
        }
    };
    Some(directory.join("admit").join("profiles.toml"))
}

fn read(path: &Path) -> Result<File, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let text = match std::fs::read_to_string(path) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(File::default()),
        text => text.map_err(unreadable)?,
    };
    refuse_open(path)?;
    toml::from_str(&text).map_err(|error| {
        // Only the message: the error's own display quotes the line, and a token may stand in it.
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Error::Malformed { path: path.to_owned(), line, message: error.message().to_owned() }
    })
}

fn refuse_open(path: &Path) -> Result<(), Error> {
    let metadata =
        std::fs::metadata(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    match too_open(&metadata) {
        None => Ok(()),
        Some(mode) => Err(Error::TooOpen { path: path.to_owned(), mode }),
    }
}

/// The mode of a file that others than its owner can read.
#[cfg(unix)]
pub(crate) fn too_open(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere the configuration directory is the user's own.
#[cfg(not(unix))]
pub(crate) fn too_open(_: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: Global, variables: &[(&str, &str)], profiles: &str) -> Result<Config, Error> {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("admit");
        std::fs::create_dir(&directory).unwrap();
        write_private(&directory.join("profiles.toml"), profiles);
        let home = home.path().to_str().unwrap().to_owned();
        Config::load(&flags, &|name| match name {
            "XDG_CONFIG_HOME" | "APPDATA" => Some(home.clone()),
            name => variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
        })
    }

    fn write_private(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    const GARDEN: &str =
        "default = 'garden'\n[profile.garden]\napi_url = 'http://profile'\ntoken = '1:abc'\n";

    #[test]
    fn a_flag_beats_the_environment_beats_the_profile_beats_the_default() {
        let flag = || Global { api_url: Some("http://flag".into()), ..Global::default() };
        let variable = [("ADMIT_API_URL", "http://variable")];
        let check = |config: Result<Config, Error>, expected: &str| {
            assert_eq!(config.unwrap().api_url.value, expected);
        };
        check(load(flag(), &variable, GARDEN), "http://flag");
        check(load(Global::default(), &variable, GARDEN), "http://variable");
        check(load(Global::default(), &[], GARDEN), "http://profile");
        check(load(Global::default(), &[], ""), "https://api.telegram.org");
    }

    #[test]
    fn a_profile_named_aloud_beats_the_environment() {
        let named = || Global { profile: Some("garden".into()), ..Global::default() };
        let variables = [
            ("ADMIT_API_URL", "http://variable"),
            ("ADMIT_PROXY", "http://variable:1"),
            ("ADMIT_TIMEOUT", "1s"),
        ];
        let whole = format!("{GARDEN}proxy = 'http://profile:1'\ntimeout = '2s'\n");
        let origins = |flags, variables: &[_], profiles| {
            let config = load(flags, variables, profiles).unwrap();
            [config.api_url.origin, config.proxy.origin, config.timeout.origin].map(|from| from.to_string())
        };
        assert_eq!(origins(named(), &variables, &whole), ["profile garden"; 3]);
        // What it leaves out is looked for where it would be without it.
        let left_out = ["profile garden", "environment ADMIT_PROXY", "environment ADMIT_TIMEOUT"];
        assert_eq!(origins(named(), &variables, GARDEN), left_out);
        let flag = Global { api_url: Some("http://flag".into()), ..named() };
        assert_eq!(origins(flag, &variables, GARDEN)[0], "flag --api-url");
        // A variable that names it is no louder than the others.
        let quiet = [("ADMIT_PROFILE", "garden"), variables[0]];
        assert_eq!(origins(Global::default(), &quiet, GARDEN)[0], "environment ADMIT_API_URL");
    }

    #[test]
    fn a_profile_named_aloud_brings_its_own_token() {
        let variable = [("ADMIT_BOT_TOKEN", "2:def")];
        let token = |flags, profiles| load(flags, &variable, profiles).unwrap().token;
        let quiet = token(Global::default(), GARDEN);
        assert_eq!(quiet.origin, Origin::Variable("ADMIT_BOT_TOKEN"));
        let aloud = token(Global { profile: Some("garden".into()), ..Global::default() }, GARDEN);
        assert_eq!(aloud.origin, Origin::Profile("garden".into()));
        let file = Global { token_file: Some("-".into()), ..Global::default() };
        assert_eq!(token(file, GARDEN).value, Source::Stdin);
    }

    #[test]
    fn each_profile_has_a_session_of_its_own() {
        let file = |profiles: &str, variables: &[(&str, &str)]| {
            let setting = load(Global::default(), variables, profiles).unwrap().session_file;
            let path = setting.value.unwrap();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), setting.origin)
        };
        assert_eq!(file("", &[]), ("default.session".into(), Origin::Default));
        assert_eq!(file(GARDEN, &[]), ("garden.session".into(), Origin::Default));
        // No profile shares the file of whoever has none.
        let called_default = "default = 'default'\n[profile.default]\n";
        assert_eq!(file(called_default, &[]), ("%64efault.session".into(), Origin::Default));
        let odd = "default = '../a b'\n[profile.'../a b']\n";
        assert_eq!(file(odd, &[]), ("..%2Fa%20b.session".into(), Origin::Default));
        let said = format!("{GARDEN}session_file = '/x/said'\n");
        assert_eq!(file(&said, &[]), ("said".into(), Origin::Profile("garden".into())));
        let variable = [("ADMIT_SESSION_FILE", "/x/variable")];
        assert_eq!(file(&said, &variable), ("variable".into(), Origin::Variable("ADMIT_SESSION_FILE")));
        // One that is named aloud brings its own, said or not.
        let aloud = |profiles: &str| {
            let flags = Global { profile: Some("garden".into()), ..Global::default() };
            load(flags, &variable, profiles).unwrap().session_file.value.unwrap()
        };
        assert!(aloud(GARDEN).ends_with("sessions/garden.session"));
        assert!(aloud(&said).ends_with("said"));
    }

    #[test]
    fn an_application_has_a_number() {
        let id = |profiles: &str, id| load(Global::default(), &[("ADMIT_API_ID", id)], profiles);
        let profile = format!("{GARDEN}api_id = 7\n");
        assert_eq!(id(&profile, "12345").unwrap().api_id.value, Some(12345));
        for wrong in ["0", "-5", "x", "99999999999"] {
            let why = id("", wrong).unwrap_err().to_string();
            assert!(why.starts_with(&format!("environment ADMIT_API_ID says `{wrong}`")), "{why}");
        }
    }

    #[test]
    fn a_wrong_file_is_refused_without_quoting_it() {
        let words = |profiles: &str| load(Global::default(), &[], profiles).unwrap_err().to_string();
        assert!(words("default = 'gone'").contains("`gone`"));
        assert!(
            words("[profile.a]\ntoken = '1:CANARY'\ntocken = 1").contains("line 3: unknown field `tocken`")
        );
        assert!(!words("[profile.a]\ntoken = 1:CANARY").contains("CANARY"));
        assert!(words("default = 'a'\n[profile.a]\ntoken = '1:a'\ntoken_file = 'x'").contains("keep one"));
        assert!(
            words("default = 'a'\n[profile.a]\napi_hash = 'CANARY'\napi_hash_file = 'x'")
                .ends_with("both `api_hash` and `api_hash_file`; keep one")
        );
        assert!(words("default = 'a'\n[profile.a]\ntimeout = '90'").contains("profile a says `90`"));
        assert!(
            words("default = 'a'\n[profile.a]\nproxy = 'ann:CANARY@x'")
                .contains("says `(hidden)@x`: a proxy begins")
        );
    }

    #[test]
    fn the_example_is_a_file_that_can_be_read() {
        let config = load(Global::default(), &[], EXAMPLE).unwrap();
        assert_eq!(config.profile.value.as_deref(), Some("garden"));
        assert_eq!(config.timeout.value, Duration::from_secs(30));
        assert!(config.proxy.value.is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("profiles.toml");
        write_private(&path, GARDEN);
        assert!(read(&path).is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(Error::TooOpen { mode: 0o640, .. })));
    }
}
