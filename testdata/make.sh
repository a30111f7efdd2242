#!/usr/bin/env bash
# Makes the logs in this directory by running real software: nginx under a scripted workload, a traced shell
# pipeline, and this system's own package log. Needs nginx, python3 and strace; takes about six minutes.
#
#   bash testdata/make.sh OUTPUT_DIR [NGINX]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: make.sh OUTPUT_DIR [NGINX]}
nginx=${2:-nginx}
port=18080
mkdir -p "$out"
out=$(cd "$out" && pwd)
site=$(mktemp -d)
chmod 755 "$site"
trap 'rm -rf "$site"' EXIT

mkdir -p "$site/html" "$site/tmp"
python3 "$here/workload.py" site "$site/html"

cat > "$site/nginx.conf" <<CONF
daemon off;
worker_processes 2;
pid $site/nginx.pid;
error_log $site/error.log;
events { worker_connections 256; }
http {
    include mime.types;
    client_body_temp_path $site/tmp/body;
    proxy_temp_path $site/tmp/proxy;
    fastcgi_temp_path $site/tmp/fastcgi;
    uwsgi_temp_path $site/tmp/uwsgi;
    scgi_temp_path $site/tmp/scgi;
    client_max_body_size 16k;
    # Clients come through a proxy that names them, as on most sites.
    set_real_ip_from 127.0.0.0/8;
    real_ip_header X-Forwarded-For;
    log_format json escape=json '{"ts":"\$time_iso8601","level":"info","remote":"\$remote_addr",'
        '"request":{"id":"\$request_id","method":"\$request_method","uri":"\$request_uri"},'
        '"status":\$status,"bytes":\$body_bytes_sent,"seconds":\$request_time,'
        '"referer":"\$http_referer","agent":"\$http_user_agent","worker":\$pid}';
    access_log $out/access.log combined;
    access_log $out/access.jsonl json if=\$json;
    map \$request_uri \$json { default 0; ~^/api/ 1; }
    server {
        listen 127.0.0.1:$port;
        root $site/html;
        location = /old { return 301 /; }
        location /admin { return 403; }
        location /api/v1/login { return 401 '{"error":"bad credentials"}'; }
        location /api/v1/orders { return 201 '{"order":"\$request_id"}'; }
        location /api/ { return 200 '{"request":"\$request_id","uri":"\$request_uri"}'; }
        location /search { try_files /search.html =404; }
    }
}
CONF
printf 'types { text/html html; text/css css; application/javascript js; image/png png; image/x-icon ico; }\n' \
    > "$site/mime.types"

rm -f "$out/access.log" "$out/access.jsonl"
"$nginx" -p "$site" -c "$site/nginx.conf" &
server=$!
sleep 1
python3 "$here/workload.py" visit "$port" "${SECONDS_OF_TRAFFIC:-270}"
kill -QUIT "$server"
wait "$server" || true

cd /usr/share
env -i PATH=/usr/bin:/bin LC_ALL=C strace -f -tt -T -o "$out/strace.log" \
    sh -c 'ls -nR zoneinfo/Europe | sort | uniq -c | tail -n 3 >/dev/null'

# The package manager's log of this system: names and versions of packages, nothing else.
tail -n 3000 /var/log/dpkg.log > "$out/dpkg.log"
ls -l "$out"
