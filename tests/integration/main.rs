//! The framework, the server and the program, from outside.

#[path = "../harness/mod.rs"]
mod harness;

mod architecture;
mod base_url;
mod circle;
mod commands;
mod corrupt;
mod cors;
mod data;
mod embedding;
mod errors;
mod faults_of_build;
mod gdal;
mod handlers;
mod hostile;
mod methods;
mod mounting;
mod negotiation;
mod openapi;
mod pages;
mod projects;
mod random;
mod stopping;
mod streams;
