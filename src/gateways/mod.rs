//! How requests come in: HTTP by itself, any program that speaks tower, or a web server in front that speaks CGI's dialects.

mod accept;
pub mod cgi;
mod cgi_response;
pub mod connection;
pub mod environ;
pub mod fastcgi;
pub mod http;
mod intake;
pub mod listener;
pub mod scgi;
pub mod tower;
mod unhurried;
mod untaken;
mod waiting;
