//! The command line of the load.

use crate::failure::Failure;
use crate::rows;
use std::path::PathBuf;
use std::time::Duration;

/// How long a row waits for a server that does not answer, unless the command line says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// The rows to run, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub server: PathBuf,
    pub patience: Duration,
    /// The names of the rows, and the size of each if it differs from the row's own.
    pub rows: Vec<(String, Option<usize>)>,
}

impl Options {
    /// `--server PATH [--patience SECONDS] [ROW[:SIZE]...]`; without a name, all rows run.
    ///
    /// # Errors
    /// When the arguments have another form.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut arguments = arguments.into_iter();
        let mut options = Self { server: PathBuf::new(), patience: PATIENCE, rows: Vec::new() };
        let number =
            |text: &str| text.parse().map_err(|_| Failure::Broken(format!("{text} is not a number")));
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| Failure::Broken(format!("{argument} wants a value")));
            match argument.as_str() {
                "--server" => options.server = value()?.into(),
                "--patience" => options.patience = Duration::from_secs(number(&value()?)?),
                row => {
                    let (name, size) =
                        row.split_once(':').map_or((row, None), |(name, size)| (name, Some(size)));
                    let name = name.to_uppercase();
                    if !rows::NAMES.contains(&name.as_str()) {
                        return Err(Failure::Broken(format!(
                            "no row {row}; there are {}",
                            rows::NAMES.join(" ")
                        )));
                    }
                    let size =
                        size.map(number).transpose()?.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
                    options.rows.push((name, size));
                }
            }
        }
        if options.server.as_os_str().is_empty() {
            return Err(Failure::Broken("--server PATH is missing".into()));
        }
        if options.rows.is_empty() {
            options.rows = rows::NAMES.iter().map(|name| ((*name).to_owned(), None)).collect();
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, Failure> {
        Options::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn rows_are_named_with_or_without_a_size() {
        let options = parse("--server x a1:500 A7 --patience 5").unwrap();
        assert_eq!(options.rows, [("A1".into(), Some(500)), ("A7".into(), None)]);
        assert_eq!((options.patience, options.server), (Duration::from_secs(5), "x".into()));
        assert_eq!(parse("--server x").unwrap().rows.len(), 8);
        for wrong in ["", "--server", "--server x A9", "--server x A1:many", "--server x --patience"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
