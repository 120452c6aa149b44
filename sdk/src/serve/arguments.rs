//! The program's arguments.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The port where nothing else is said.
const PORT: u16 = 8000;

/// How a server is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    Lambda,
    Http,
    Stdio,
}

/// What the program is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Request {
    Help,
    Version,
    Describe,
    Serve(Arguments),
}

/// How to serve.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) mode: Option<Mode>,
    pub(crate) listen: SocketAddr,
    /// Empty, or begins with a slash and ends with something else.
    pub(crate) mount: String,
    pub(crate) stateless: bool,
    pub(crate) data: Option<PathBuf>,
    pub(crate) origins: BTreeSet<String>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            mode: None,
            listen: (Ipv4Addr::LOCALHOST, PORT).into(),
            mount: String::new(),
            stateless: false,
            data: None,
            origins: BTreeSet::new(),
        }
    }
}

/// What `--help` prints.
pub(crate) fn help(name: &str) -> String {
    format!(
        "\
{name} is an MCP server.

Usage: {name} [OPTIONS]

      --mode MODE           stdio: one client, over standard input and output
                            http: many clients, at POST /mcp
                            lambda: a function of AWS Lambda
                            without it: lambda on Lambda, http with a terminal, else stdio
      --listen ADDRESS      http: where to listen; port 0 takes a free one
                            [default: 127.0.0.1:{PORT}]
      --mount PREFIX        http: serve below this path, such as /prod: at /prod/mcp
      --stateless           http: keep no sessions
      --data DIR            keep what sessions hold there; without it, in memory
      --allow-origin URL    http: let pages of this origin call; may be repeated
      --describe            print what is served, as Markdown
      --version             print the version
      --help                print this
"
    )
}

impl Arguments {
    /// Reads arguments, the program's name left out.
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Request, String> {
        let mut arguments = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            let word = word.to_str().ok_or("an argument is not UTF-8")?.to_owned();
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || match &inline {
                Some(value) => Ok(value.clone()),
                None => {
                    let next = words.next().and_then(|next| next.into_string().ok());
                    next.ok_or_else(|| format!("{flag} needs a value"))
                }
            };
            match flag {
                "--help" | "-h" => return Ok(Request::Help),
                "--version" | "-V" => return Ok(Request::Version),
                "--describe" => return Ok(Request::Describe),
                "--stateless" if inline.is_none() => arguments.stateless = true,
                "--mode" => arguments.mode = Some(mode(&value()?)?),
                "--listen" => arguments.listen = listen(&value()?)?,
                "--mount" => arguments.mount = mount(&value()?)?,
                "--data" => arguments.data = Some(value()?.into()),
                "--allow-origin" => {
                    arguments.origins.insert(value()?);
                }
                _ => return Err(format!("{word} is not an option")),
            }
        }
        Ok(Request::Serve(arguments))
    }
}

fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "lambda" => Ok(Mode::Lambda),
        "http" => Ok(Mode::Http),
        "stdio" => Ok(Mode::Stdio),
        _ => Err(format!("--mode is stdio, http or lambda, not {text}")),
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("--listen is an address with a port, such as 127.0.0.1:{PORT}, not {text}")
    })
}

/// With a slash before and none behind, however it is written.
fn mount(text: &str) -> Result<String, String> {
    let inner = text.trim_matches('/');
    let known = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    if !inner.chars().all(known) || inner.split('/').any(|part| part == "." || part == "..") {
        return Err(format!("--mount is a path such as /prod, not {text}"));
    }
    if inner.contains("//") {
        return Err(format!("--mount has an empty part: {text}"));
    }
    Ok(if inner.is_empty() { String::new() } else { format!("/{inner}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Request, String> {
        Arguments::parse(text.split_whitespace().map(OsString::from))
    }

    fn served(text: &str) -> Arguments {
        match parse(text) {
            Ok(Request::Serve(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options() {
        assert_eq!(served(""), Arguments::default());
        let all = served(
            "--mode http --listen=0.0.0.0:80 --mount prod/ --stateless --data d --allow-origin https://a",
        );
        assert_eq!(all.mode, Some(Mode::Http));
        assert_eq!(all.listen.to_string(), "0.0.0.0:80");
        assert_eq!((all.mount.as_str(), all.stateless), ("/prod", true));
        assert_eq!(all.data, Some(PathBuf::from("d")));
        assert!(all.origins.contains("https://a"));
        assert_eq!(parse("--mode stdio --help"), Ok(Request::Help));
        assert_eq!(parse("-V"), Ok(Request::Version));
        assert_eq!(parse("--describe"), Ok(Request::Describe));
    }

    #[test]
    fn mounts() {
        for (text, expected) in [("/", ""), ("a", "/a"), ("/a/b/", "/a/b"), ("/a.b", "/a.b")] {
            assert_eq!(mount(text), Ok(expected.to_owned()), "{text}");
        }
        for bad in ["/a//b", "/a/../b", "/a b", "/ä", "/a?b"] {
            assert!(mount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mistakes() {
        for (text, said) in [
            ("--mode", "--mode needs a value"),
            ("--mode ftp", "stdio, http or lambda"),
            ("--listen 80", "an address with a port"),
            ("--stateless=yes", "not an option"),
            ("serve", "serve is not an option"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
