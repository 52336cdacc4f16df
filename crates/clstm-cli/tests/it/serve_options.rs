//! Options of `clstm serve` from the command line, the environment and a file, in this order.

use std::fs;

use crate::support::{clstm, complains, ok, place, text};

#[test]
fn the_command_line_precedes_the_environment_and_the_environment_a_file() {
    let file = place("serve-options.toml");
    fs::write(&file, "model = [\"of-file.safetensors\"]\nport = 0\nmax_body = 8\n").unwrap();
    let serve = || {
        let mut command = clstm();
        command.args(["serve", "--config"]).arg(&file);
        command
    };
    complains(&mut serve(), 2, "of-file.safetensors");
    complains(serve().env("CLSTM_MODEL", "of-env.safetensors"), 2, "of-env.safetensors");
    let mut all = serve();
    all.env("CLSTM_MODEL", "of-env.safetensors").args(["--model", "of-line.safetensors"]);
    complains(&mut all, 2, "of-line.safetensors");
    let mut by_variable = clstm();
    by_variable.arg("serve").env("CLSTM_CONFIG", &file);
    complains(&mut by_variable, 2, "of-file.safetensors");
    complains(clstm().arg("serve").env("CLSTM_PORT", "many"), 2, "--port <PORT>");
    let help = text(&ok(clstm().args(["serve", "--help"])).stdout);
    assert!(help.contains("CLSTM_API_KEY_FILE") && help.contains("CLSTM_LOG"), "{help}");
}

#[test]
fn files_with_mistakes_are_refused() {
    let file = place("serve-mistakes.toml");
    let serve = || {
        let mut command = clstm();
        command.args(["serve", "--config"]).arg(&file);
        command
    };
    for (content, message) in [
        ("prot = 1\n", "there is no option \"prot\""),
        ("port = \"many\"\n", "--port <PORT>"),
        ("port = = 1\n", "serve-mistakes.toml"),
        ("[port]\n", "type table"),
        ("config = \"x\"\n", "there is no option \"config\""),
    ] {
        fs::write(&file, content).unwrap();
        complains(&mut serve(), 2, message);
    }
    complains(clstm().args(["serve", "--config", "none.toml"]), 2, "none.toml");
}
