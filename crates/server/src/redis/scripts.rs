//! The scripts of the engine, one Lua file each. Everything that a script touches is in the slot of its first key.

use super::guard::{self, Guard};
use crate::engine::limits;
use std::sync::LazyLock;

/// What memory that runs out means for a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// The script adds data: Redis refuses it as a whole when its memory is used up.
    Grows,
    /// The script frees data, or keeps a session going: it runs all the same.
    Frees,
    /// The script writes nothing.
    Reads,
}

/// One Lua script.
#[derive(Debug)]
pub(super) struct Script {
    /// Its name, for logs and errors.
    pub(super) name: &'static str,
    /// Its text: the flags, the limits of the engine, the prelude, and the file itself.
    pub(super) source: String,
    /// The hash under which Redis knows it.
    pub(super) sha: String,
}

impl Script {
    fn new(name: &'static str, memory: Memory, body: &str) -> Self {
        let flags = match memory {
            Memory::Grows => "",
            Memory::Frees => " flags=allow-oom",
            Memory::Reads => " flags=no-writes",
        };
        let source = format!("#!lua{flags}\n{}{}{body}", limits(), include_str!("scripts/prelude.lua"));
        let sha = redis::Script::new(&source).get_hash().to_owned();
        Self { name, source, sha }
    }
}

/// The limits of [`crate::engine::limits`], as Lua names.
fn limits() -> String {
    macro_rules! lua {
        ($($name:ident)*) => { [$((stringify!($name), limits::$name as u64)),*] };
    }
    let all = lua! {
        LEASE_MS SHARED_RELAYS SHARED_RELAY_BYTES RESERVED_RELAYS_EACH RESERVED_BYTES_EACH MAX_RELAYS MAX_RELAY_BYTES
        UNPROMPTED_NOTICES MAX_NOTICES MAX_ANSWERS MAX_ANSWER_BYTES
    };
    let fence = format!("local IS_FENCED = {}\n", guard::is_on(Guard::Fence));
    all.iter().map(|(name, value)| format!("local {name} = {value}\n")).chain([fence]).collect()
}

macro_rules! scripts {
    ($($name:ident = $file:literal, $memory:ident;)*) => {
        $(
            #[doc = concat!("`scripts/", $file, ".lua`")]
            pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
                Script::new($file, Memory::$memory, include_str!(concat!("scripts/", $file, ".lua")))
            });
        )*

        /// Every script.
        #[cfg(test)]
        pub(super) fn all() -> Vec<&'static Script> {
            vec![$(&$name),*]
        }
    };
}

scripts! {
    // The rights of the user.
    CHECK = "check", Reads;
    // Mailboxes.
    POST = "post", Grows;
    ANSWER = "answer", Grows;
    MAIL = "mail", Frees;
    // Sessions.
    READ = "read", Reads;
    BEGIN = "begin", Grows;
    RESUME = "resume", Frees;
    DEPOSIT = "deposit", Reads;
    COMMIT = "commit", Frees;
    DETACH = "detach", Frees;
    EXPIRE = "expire", Frees;
    END = "end", Frees;
    GRAVES = "graves", Reads;
    FINISH = "finish", Frees;
    // Rooms.
    ROOM_JOIN = "room_change", Grows;
    ROOM_CHANGE = "room_change", Frees;
    ROOM_CHANGES = "room_changes", Reads;
    ROOM_PAGE = "room_page", Reads;
    ROOM_PEER = "room_peer", Reads;
    ROOM_HEADS = "room_heads", Reads;
    ROOM_ASK = "room_ask", Frees;
    ROOM_MEMBERS = "room_members", Reads;
    TELL = "tell", Grows;
    // Lists.
    PEEK = "peek", Reads;
    LEASES = "leases", Reads;
    LIST_CHANGE = "list_change", Frees;
    LIST_PAGE = "list_page", Reads;
    LIST_KEEP = "list_keep", Frees;
    // The agenda of the sweepers.
    AGENDA = "agenda", Reads;
    PLAN = "plan", Frees;
    // The audit trail.
    AUDIT_TIME = "audit_time", Reads;
    AUDIT_KEY = "audit_key", Grows;
    AUDIT_KEYS = "audit_keys", Reads;
    AUDIT_APPEND = "audit_append", Grows;
    AUDIT_PAGE = "audit_page", Reads;
    AUDIT_ERASE = "audit_erase", Frees;
    AUDIT_EXPIRE = "audit_expire", Frees;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What the connections need beside the scripts: the way to them, the doorbell, a numbered database, Sentinels,
    /// and a cluster. `AUTH` and `HELLO`
    /// are everybody's.
    const CONNECTIONS: [&str; 8] =
        ["eval", "evalsha", "subscribe", "select", "role", "ping", "asking", "cluster|slots"];

    /// The words in small letters that stand between a beginning and a quotation mark.
    fn quoted(text: &str, beginning: &str) -> BTreeSet<String> {
        let rest = text.split(beginning).skip(1).filter_map(|rest| rest.split('\'').next());
        rest.map(str::to_lowercase).collect()
    }

    /// The commands of all scripts.
    fn called() -> BTreeSet<String> {
        all().iter().flat_map(|script| quoted(&script.source, "redis.call('")).collect()
    }

    #[test]
    fn the_check_at_the_start_is_for_every_command_of_the_scripts() {
        let (_, list) = CHECK.source.split_once("local commands = {").unwrap();
        let mut checked = quoted(list.split_once('}').unwrap().0, " '");
        assert!(checked.insert("publish".into()) && CHECK.source.contains("redis.acl_check_cmd('PUBLISH'"));
        assert_eq!(checked, called());
    }

    #[test]
    fn the_user_of_the_acl_file_has_the_commands_in_use_and_no_other() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/users.acl");
        let file = std::fs::read_to_string(file).unwrap();
        let user = file.lines().find(|line| line.starts_with("user signalpost on ")).unwrap();
        let words: Vec<&str> = user.split(' ').collect();
        let allowed: BTreeSet<String> =
            words.iter().filter_map(|word| word.strip_prefix('+')).map(str::to_owned).collect();
        let mut used = called();
        used.extend(CONNECTIONS.map(str::to_owned));
        assert_eq!(allowed, used);
        let others: Vec<&str> = words.into_iter().skip(4).filter(|word| !word.starts_with('+')).collect();
        assert_eq!(others, ["resetkeys", "~sp:*", "resetchannels", "&sp:n:*", "-@all"]);
    }
}
