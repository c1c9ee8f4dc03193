//! The embedded fixture tenants: a new file in `fixtures/` must rebuild the crate.

fn main() {
    println!("cargo::rerun-if-changed=fixtures");
    println!("cargo::rerun-if-changed=build.rs");
}
