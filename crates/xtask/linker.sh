#!/bin/sh
# Links with the system's C compiler. A machine with only rustup and git cannot even build xtask,
# which would install the rest; there, on Debian and Ubuntu, the compiler is installed first.
# Asks once; `--yes` or CI=true answers.
set -eu

if command -v cc >/dev/null 2>&1; then
    exec cc "$@"
fi

say() { printf '%s\n' "$*" >&2; }

sudo=''
if [ "$(id -u)" != 0 ]; then sudo='sudo '; fi
install="${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends gcc libc6-dev"

if ! command -v apt-get >/dev/null 2>&1; then
    say 'There is no C compiler, and nothing in Rust can be linked without one.'
    say 'Install one so that the program `cc` is on the PATH (the packages gcc and libc6-dev, or their like).'
    exit 1
fi

# Whether the cargo above us was started as `cargo xtask … --yes`.
has_yes() {
    process=$PPID
    for _ in 1 2 3 4 5; do
        [ -r "/proc/$process/cmdline" ] || return 1
        case " $(tr '\0' ' ' <"/proc/$process/cmdline") " in
        *xtask*' --yes '*) return 0 ;;
        esac
        process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status")
    done
    return 1
}

answer=no
if [ "${CARGO_PKG_NAME:-}" = xtask ]; then
    if [ "${CI:-}" = true ] || has_yes; then
        answer=yes
    elif (: >/dev/tty) 2>/dev/null; then
        printf 'There is no C compiler. Install gcc and libc6-dev with apt-get? [Y/n] ' >/dev/tty
        read -r typed </dev/tty || typed=no
        case $typed in '' | y | Y | yes) answer=yes ;; esac
    fi
fi
if [ "$answer" != yes ]; then
    say 'There is no C compiler, and nothing in Rust can be linked without one. Install it:'
    say "  $install"
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
sh -c "$install" >&2
exec cc "$@"
