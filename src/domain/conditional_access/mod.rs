//! Conditional Access per partner: what this tenant's policies demand of a service provider's people.

#[cfg(test)]
mod table;
