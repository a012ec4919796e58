# What script/with-server and script/with-better-auth share: a server and what it needs (a port, a database,
# a mailbox), up before the command and gone after it. To be sourced by a script that defines
#
#   start_server    starts the server in the background, logging to $folder/server.log, its pid in $server
#   ready_url       which answers with 200 when the server can be used
#   program         how it calls itself in messages
# shellcheck shell=bash disable=SC2154

ready_within_seconds=60
stopped_within_seconds=30
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../tests/better-auth" && pwd)
folder=
server=
database=
mailbox=

die() {
    echo "script/$program: $*" >&2
    exit 1
}

is_taken() {
    (: <"/dev/tcp/localhost/$1") 2>/dev/null
}

free_port() {
    local port=${1:-}
    while [ -z "$port" ] || is_taken "$port"; do port=$((RANDOM % 10000 + 20000)); done
    echo "$port"
}

random_secret() {
    head -c 32 /dev/urandom | base64
}

is_running() {
    kill -0 "$1" 2>/dev/null
}

# Makes a database of its own on the server that TEST_DATABASE_URL names, to be dropped in the end.
create_database() {
    [ -n "${TEST_DATABASE_URL:-}" ] || die "TEST_DATABASE_URL is not set (script/postgres start DIR)"
    local name=duly_test_${1}_$$
    psql --quiet --no-psqlrc -d "$TEST_DATABASE_URL" -c "create database $name"
    database=$name
    export TEST_AUTH_DATABASE_URL=${TEST_DATABASE_URL%/*}/$name
}

# The pipe to its stdin ends the mailbox even when this shell is killed.
start_mailbox() {
    local line
    [ -d "$tests/node_modules" ] || die "there is no $tests/node_modules (npm install --prefix tests/better-auth)"
    coproc MAILBOX { exec node "$tests/mailbox.mjs" 2>"$folder/mailbox.log"; }
    mailbox=$MAILBOX_PID
    read -r line <&"${MAILBOX[0]}" || die "the mailbox does not start: $(cat "$folder/mailbox.log")"
    MAILBOX_SMTP=$(sed 's/.*"smtp":"\([^"]*\)".*/\1/' <<<"$line")
    MAILBOX_URL=$(sed 's/.*"http":"\([^"]*\)".*/\1/' <<<"$line")
    export MAILBOX_SMTP MAILBOX_URL
}

wait_until_ready() {
    local deadline=$((SECONDS + ready_within_seconds))
    until curl -sf -o /dev/null --max-time 2 "$ready_url"; do
        is_running "$server" || die "the server ended before it was ready"
        [ "$SECONDS" -lt "$deadline" ] || die "the server is not ready after $ready_within_seconds s"
        sleep 0.1
    done
    # Whoever answers must be the server we started.
    is_running "$server" || die "port $port belongs to another program"
}

stop() {
    local pid=$1 what=$2 deadline=$((SECONDS + stopped_within_seconds)) status=0
    kill -TERM "$pid" 2>/dev/null || true
    while is_running "$pid"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            kill -KILL "$pid"
            echo "script/$program: $what still runs $stopped_within_seconds s after SIGTERM" >&2
            break
        fi
        sleep 0.1
    done
    wait "$pid" || status=$?
    if [ "$status" -ne 0 ]; then echo "script/$program: $what exited with $status" >&2; fi
    return "$status"
}

clean_up() {
    local status=$?
    trap - EXIT
    if [ -n "$server" ]; then stop "$server" "the server" || status=1; fi
    if [ -n "$mailbox" ]; then stop "$mailbox" "the mailbox" || status=1; fi
    if [ "$status" -ne 0 ] && [ -s "$folder/server.log" ]; then
        echo "---- the server's log (script/$program) ----" >&2
        tail -n 200 "$folder/server.log" >&2
        echo "---- end of the log ----" >&2
    fi
    if [ -n "$database" ]; then
        psql --quiet --no-psqlrc -d "$TEST_DATABASE_URL" \
            -c "set client_min_messages = warning" -c "drop database if exists $database with (force)" || status=1
    fi
    rm -rf "$folder"
    exit "$status"
}

# From here on everything that was started is stopped again, however the script ends.
prepare() {
    folder=$(mktemp -d)
    trap clean_up EXIT
}

run_beside_server() {
    start_server
    wait_until_ready
    "$@"
}
