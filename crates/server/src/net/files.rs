//! The static files of a directory: regular files below it, and nothing else.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower_http::services::ServeDir;

/// Bytes of a file that are read at once. Two such parts are what a download keeps here.
const CHUNK: usize = 8 * 1024;

/// Serves `root`. What does not exist, is hidden or is elsewhere is answered 404.
pub(super) fn serve(root: &Path) -> Router {
    let files = ServeDir::new(root).with_buf_chunk_size(CHUNK);
    let root: Arc<Path> = root.into();
    Router::new().fallback_service(files).layer(middleware::from_fn_with_state(root, guard))
}

/// Lets only requests pass that [`is_served`] allows.
async fn guard(State(root): State<Arc<Path>>, request: Request<Body>, next: Next) -> Response {
    let served = match relative(request.uri().path()) {
        Some(path) => tokio::task::spawn_blocking(move || is_served(&root, &path)).await.unwrap_or(false),
        None => false,
    };
    if served { next.run(request).await } else { StatusCode::NOT_FOUND.into_response() }
}

/// The path below the root that a request names, as written: it ends with `/` where the request's does. `None` for one that
/// no file may have: a segment that is empty or begins with a dot, a control character, a backslash, bad UTF-8.
fn relative(path: &str) -> Option<String> {
    let decoded = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    let is_odd = |character: char| character.is_control() || character == '\\';
    let segments = decoded.strip_suffix('/').unwrap_or(&decoded);
    let is_hidden = |segment: &str| segment.is_empty() || segment.starts_with('.');
    let allowed = decoded.is_empty() || !(segments.split('/').any(is_hidden) || decoded.contains(is_odd));
    allowed.then(|| decoded.into_owned())
}

/// Whether the path leads to a regular file or a directory, with all symbolic links followed, that is below the root and not
/// hidden there. The root may be a link itself, and one that changes.
fn is_served(root: &Path, path: &str) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    let asked = root.join(path);
    let Some((real, is_directory)) = locate(&root, &asked) else { return false };
    match (is_directory, path.is_empty() || path.ends_with('/')) {
        (true, true) => {
            locate(&root, &real.join("index.html")).is_some_and(|(_, is_directory)| !is_directory)
        }
        // A redirect to the name with a slash.
        (true, false) => true,
        (false, has_slash) => !has_slash,
    }
}

/// Where a path really leads, and whether it is a directory.
fn locate(root: &Path, asked: &Path) -> Option<(PathBuf, bool)> {
    let real = asked.canonicalize().ok()?;
    let below = real.strip_prefix(root).ok()?;
    if below.iter().any(|name| name.as_encoded_bytes().starts_with(b".")) {
        return None;
    }
    let kind = real.metadata().ok()?.file_type();
    // Opening a pipe would wait for somebody who writes to it.
    (kind.is_dir() || kind.is_file()).then(|| (real, kind.is_dir()))
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn paths_that_no_file_may_have() {
        for (path, expected) in [
            ("/", Some("")),
            ("/a.js", Some("a.js")),
            ("/a/b%20c.js", Some("a/b c.js")),
            ("/a/", Some("a/")),
            ("/%c3%a4", Some("ä")),
            ("/100%", Some("100%")),
            ("*", None),
            ("", None),
            ("//", None),
            ("/a//b", None),
            ("//a", None),
            ("/.git/config", None),
            ("/a/.env", None),
            ("/a/..", None),
            ("/%2e%2e/a", None),
            ("/..%2fa", None),
            ("/a%00", None),
            ("/a%0a", None),
            ("/%ff", None),
            ("/a%5c..%5cb", None),
        ] {
            assert_eq!(relative(path).as_deref(), expected, "{path}");
        }
    }
}
