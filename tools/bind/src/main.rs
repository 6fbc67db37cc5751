//! `signalpost-bind INPUT.wasm OUT_DIR [--out-name NAME] [--keep-names]`: makes the JavaScript glue of a built module, with the
//! wasm-bindgen version of Cargo.lock, so that no separately installed command line can disagree with the crate.
use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

const USAGE: &str = "usage: signalpost-bind INPUT.wasm OUT_DIR [--out-name NAME] [--keep-names]";

struct Arguments {
    input: PathBuf,
    output: PathBuf,
    name: Option<String>,
    /// Keep the functions' names, which tell who is responsible for what (`npm run size`).
    keep_names: bool,
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = arguments.fuse();
    let mut paths = Vec::new();
    let mut name = None;
    let mut keep_names = false;
    while let Some(argument) = arguments.next() {
        if argument == "--out-name" {
            let value = arguments.next().ok_or(USAGE)?;
            name = Some(value.into_string().map_err(|_| "the name is not UTF-8")?);
        } else if argument == "--keep-names" {
            keep_names = true;
        } else {
            paths.push(PathBuf::from(argument));
        }
    }
    match <[PathBuf; 2]>::try_from(paths) {
        Ok([input, output]) => Ok(Arguments { input, output, name, keep_names }),
        Err(_) => Err(USAGE.into()),
    }
}

fn bind(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&arguments.input)
        .web(true)?
        .typescript(true)
        .omit_default_module_path(false)
        .remove_name_section(!arguments.keep_names)
        .remove_producers_section(true);
    if let Some(name) = &arguments.name {
        bindgen.out_name(name);
    }
    Ok(bindgen.generate(&arguments.output)?)
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)).and_then(|arguments| bind(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signalpost-bind: {error:#}");
            ExitCode::FAILURE
        }
    }
}
