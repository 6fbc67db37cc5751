//! Where the Redis of each region of a mesh is.

use super::config::Config;
use super::error::StoreError;
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a region, in bytes.
const NAME_BYTES: usize = 64;

/// The Redis of each region of a mesh. A session lies in the Redis of the region where it began; the nodes of every region reach
/// it there.
#[derive(Clone, Debug)]
pub struct Regions {
    /// The region of the node.
    own: String,
    /// By the names of the regions.
    stores: BTreeMap<String, Config>,
}

impl Regions {
    /// Reads addresses as [`Config::parse`] does; or those of several regions, each with its name and `=` before its first
    /// address: `eu=redis://a,us=redis://b,redis://c` are one address for `eu` and two for `us`. `own` is the region of the node,
    /// which must be one of them.
    ///
    /// # Errors
    /// [`StoreError::Config`] for what is not such a list.
    pub fn parse(own: Option<&str>, urls: &str) -> Result<Self, StoreError> {
        let wrong = |why: String| Err(StoreError::Config(why));
        let mut addresses: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut region = None;
        for item in urls.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let (name, url) = split(item);
            if let Some(name) = name {
                if !is_name(name) {
                    return wrong("the name of a region has up to 64 letters, digits, '-' and '_'".into());
                }
                if addresses.contains_key(name) {
                    return wrong(format!("the region {name} has two Redis"));
                }
                region = Some(name);
            } else if region.is_none() && !addresses.is_empty() {
                region = Some("");
            }
            addresses.entry(region.unwrap_or_default().to_owned()).or_default().push(url);
        }
        if addresses.len() > 1 && addresses.contains_key("") {
            return wrong("an address of Redis before the first region has no region".into());
        }
        let mut stores = BTreeMap::new();
        for (name, urls) in addresses {
            let config = Config { region: name.clone(), ..Config::parse(&urls.join(","))? };
            stores.insert(name, config);
        }
        match stores.pop_first() {
            None => Ok(Config::parse("")?.into()),
            Some((name, only)) if name.is_empty() => Ok(only.into()),
            Some((name, first)) => {
                stores.insert(name, first);
                Self::of(own, stores)
            }
        }
    }

    fn of(own: Option<&str>, stores: BTreeMap<String, Config>) -> Result<Self, StoreError> {
        let names: Vec<&str> = stores.keys().map(String::as_str).collect();
        let names = names.join(", ");
        let wrong = |why: String| Err(StoreError::Config(why));
        let Some(own) = own else {
            return wrong(format!("Redis has the regions {names}, and the server has none (--region)"));
        };
        if !stores.contains_key(own) {
            return wrong(format!("the region {own} of the server is none of those of Redis: {names}"));
        }
        let places: BTreeSet<String> = stores.values().map(Config::places).collect();
        if places.len() < stores.len() {
            return wrong("two regions have the same Redis".into());
        }
        Ok(Self { own: own.into(), stores })
    }

    /// Changes the options of each region's store.
    #[must_use]
    pub fn with(mut self, change: impl Fn(&mut Config)) -> Self {
        self.stores.values_mut().for_each(change);
        self
    }

    /// Returns the options of the store of the node's own region.
    ///
    /// # Errors
    /// [`StoreError::Config`] if there is none, which no constructor allows.
    pub fn own(&self) -> Result<Config, StoreError> {
        let own = self.stores.get(&self.own).cloned();
        own.ok_or_else(|| StoreError::Config("there is no address of Redis".into()))
    }

    /// The addresses without user names and passwords, for logs.
    pub fn addresses(&self) -> String {
        let of = |(name, config): (&String, &Config)| {
            let equals = if name.is_empty() { "" } else { "=" };
            format!("{name}{equals}{}", config.addresses())
        };
        self.stores.iter().map(of).collect::<Vec<_>>().join(",")
    }

    /// Takes the store of the node's own region, and those of the others in the order of their names.
    ///
    /// # Errors
    /// [`StoreError::Config`] if there is none, which no constructor allows.
    pub(super) fn split(mut self) -> Result<(Config, Vec<Config>), StoreError> {
        let own = self.stores.remove(&self.own);
        let own = own.ok_or_else(|| StoreError::Config("there is no address of Redis".into()))?;
        Ok((own, self.stores.into_values().collect()))
    }
}

impl From<Config> for Regions {
    fn from(config: Config) -> Self {
        let own = config.region.clone();
        Self { own: own.clone(), stores: BTreeMap::from([(own, config)]) }
    }
}

/// Takes the name of a region from the address behind it. What is in front of `=` in an address is none.
fn split(item: &str) -> (Option<&str>, &str) {
    match item.split_once('=') {
        Some((name, url)) if !name.contains([':', '/', '?']) => (Some(name.trim()), url.trim()),
        _ => (None, item),
    }
}

fn is_name(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= NAME_BYTES && text.bytes().all(is_fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(own: Option<&str>, urls: &str) -> String {
        match Regions::parse(own, urls) {
            Ok(regions) => panic!("{regions:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn addresses_belong_to_the_region_before_them() {
        let regions =
            Regions::parse(Some("us"), "eu=redis://a, us=redis://:pass=word@b,redis://c?protocol=resp3");
        let (own, others) = regions.unwrap().split().unwrap();
        assert_eq!((own.region.as_str(), own.addresses().as_str()), ("us", "b:6379,c:6379"));
        assert_eq!((others.len(), others[0].region.as_str()), (1, "eu"));
        assert_eq!(others[0].addresses(), "a:6379");
    }

    #[test]
    fn a_list_without_regions_is_one_store_whatever_the_region_of_the_server() {
        for own in [None, Some("eu")] {
            let (one, others) = Regions::parse(own, "redis://a,redis://b").unwrap().split().unwrap();
            assert_eq!(
                (one.addresses().as_str(), one.region.as_str(), others.len()),
                ("a:6379,b:6379", "", 0)
            );
        }
        let (one, others) = Regions::parse(Some("eu"), "eu=redis://a").unwrap().split().unwrap();
        assert_eq!((one.region.as_str(), others.len()), ("eu", 0));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for (own, urls, part) in [
            (None, "eu=redis://a,us=redis://b", "--region"),
            (Some("asia"), "eu=redis://a,us=redis://b", "asia"),
            (Some("eu"), "eu=redis://a,us=redis://b,eu=redis://c", "two Redis"),
            (Some("eu"), "eu=redis://a/1,us=redis://a/1", "same Redis"),
            (Some("eu"), "redis://a,eu=redis://b", "no region"),
            (Some("e/u"), "e u=redis://a", "name of a region"),
            (Some("eu"), "=redis://a", "name of a region"),
            (Some("eu"), "eu=http://secret@a", "not a redis://"),
            (None, "", "no address"),
        ] {
            let why = why(own, urls);
            assert!(why.contains(part) && !why.contains("secret"), "{urls}: {why}");
        }
    }

    #[test]
    fn logs_name_regions_and_no_passwords() {
        let regions = Regions::parse(Some("eu"), "us=redis://:secret@b,eu=redis://a").unwrap();
        assert_eq!(regions.addresses(), "eu=a:6379,us=b:6379");
    }
}
