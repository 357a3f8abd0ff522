//! The module's source, as it was when this program was built.

macro_rules! files {
    ($($name:literal)*) => {
        /// Name and text of each file.
        pub const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../kmod/", $name))),)*];
    };
}

files! {
    "Kbuild"
    "compat.h" "dt.h" "dt_abi.h" "env.h" "isa.h" "kmod.h"
    "int3.c" "kenv.c" "load.c" "main.c" "map.c" "modules.c" "service.c" "state.c" "stats.c" "systrace.c" "text.c" "timer.c" "types.c" "verify.c" "vm.c"
    "slots.S" "typedata.S"
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_is_there() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/kmod");
        let mut found: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .flatten()
            .filter(|e| e.path().is_file())
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        let mut listed: Vec<&str> = super::FILES.iter().map(|f| f.0).collect();
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
    }
}
