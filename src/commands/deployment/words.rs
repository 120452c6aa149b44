//! Words for what CloudFormation calls by its states.

/// What has become of a resource: whether it is well, and in which words. Nothing while it is
/// under way.
pub(super) fn outcome(status: &str) -> Option<(bool, &'static str)> {
    let words = match status {
        "CREATE_COMPLETE" => "created",
        "UPDATE_COMPLETE" => "changed",
        "DELETE_COMPLETE" => "deleted",
        "DELETE_SKIPPED" => "kept",
        "IMPORT_COMPLETE" => "adopted",
        "UPDATE_ROLLBACK_COMPLETE" | "ROLLBACK_COMPLETE" => "as before",
        "CREATE_FAILED" => return Some((false, "not created")),
        "DELETE_FAILED" => return Some((false, "not deleted")),
        "UPDATE_FAILED" => return Some((false, "not changed")),
        failed if failed.ends_with("_FAILED") => return Some((false, "failed")),
        _ => return None,
    };
    Some((true, words))
}

/// A size as people say it.
pub(super) fn size(bytes: u64) -> String {
    const KILO: u64 = 1_000;
    const MEGA: u64 = 1_000_000;
    match bytes {
        0..KILO => format!("{bytes} bytes"),
        KILO..MEGA => format!("{} kB", bytes / KILO),
        _ => format!("{}.{} MB", bytes / MEGA, bytes % MEGA / (MEGA / 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let said: Vec<String> =
            [0, 999, 1_000, 999_999, 1_000_000, 4_260_000].map(size).into_iter().collect();
        assert_eq!(said, ["0 bytes", "999 bytes", "1 kB", "999 kB", "1.0 MB", "4.2 MB"]);
    }

    #[test]
    fn what_is_under_way_has_no_outcome() {
        assert_eq!(outcome("CREATE_IN_PROGRESS"), None);
        assert_eq!(outcome("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), None);
        assert_eq!(outcome("CREATE_COMPLETE"), Some((true, "created")));
        assert_eq!(outcome("CREATE_FAILED"), Some((false, "not created")));
    }
}
