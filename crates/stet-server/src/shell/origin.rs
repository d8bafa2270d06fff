//! Which web pages may connect. A browser says where its page is from; a desktop app says nothing and may.

/// Whether a page of this origin may connect: one of the list, or, when there is no list, one of this machine.
pub(super) fn allowed(origin: Option<&str>, list: &[String]) -> bool {
    match origin {
        None => true,
        Some(origin) if list.is_empty() => is_loopback(origin),
        Some(origin) => list.iter().any(|one| one.trim_end_matches('/').eq_ignore_ascii_case(origin)),
    }
}

fn is_loopback(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else { return false };
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(host.to_ascii_lowercase().as_str(), "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_list_only_pages_of_this_machine_may_connect() {
        let yes =
            ["http://localhost", "http://localhost:5173", "https://127.0.0.1:1", "http://[::1]", "http://[::1]:80"];
        assert!(yes.iter().all(|origin| allowed(Some(origin), &[])));
        let no = [
            "https://evil.example",
            "null",
            "",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example:80",
            "ftp://localhost",
            "http://localhost:80:80x",
            "http://evil.example#localhost",
        ];
        assert!(no.iter().all(|origin| !allowed(Some(origin), &[])));
    }

    #[test]
    fn a_desktop_app_names_no_origin_and_may_connect() {
        assert!(allowed(None, &[]));
        assert!(allowed(None, &["https://notes.example".to_owned()]));
    }

    #[test]
    fn a_list_replaces_the_default() {
        let list = ["https://notes.example/".to_owned()];
        assert!(allowed(Some("https://notes.example"), &list));
        assert!(!allowed(Some("http://localhost"), &list));
    }
}
