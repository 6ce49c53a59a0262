#!/usr/bin/env bash
# The portal on six "machines" of one: network namespaces on a bridge of their own, for trying what breaks.
#
#   pg_createcluster 15 portal-lab --port 5440      # a cluster of its own, which may be killed
#   for step in up database pooler portal; do examples/deployment/several_machines.sh $step; done
#   ip netns exec lab-lb curl --cacert $LAB/portal.crt --resolve portal.example:443:10.91.0.2 \
#     https://portal.example/readyz
#   ip netns pids lab-web1 | xargs kill -9          # break something ...
#   examples/deployment/several_machines.sh unit web1 portal-web                              # ... and start it again
#   examples/deployment/several_machines.sh down
#
#   lb    10.91.0.2    nginx, TLS              web1, web2    10.91.0.21, .22   gunicorn
#   data  10.91.0.10   PostgreSQL 5440,        work1, work2  10.91.0.31, .32   Celery workers; beat on work1
#                      PgBouncer 6432, Redis 6390
#
# It needs root and Debian's postgresql, pgbouncer, nginx, redis-server and openssl. What runs are the ExecStart lines
# of the units in this folder. CODE is where the portal and its .venv are; LAB keeps all that the machines write.
set -euo pipefail

CODE=${CODE:-/opt/portal}
LAB=${LAB:-/tmp/portal-lab}
CLUSTER=${CLUSTER:-portal-lab}
PGVERSION=${PGVERSION:-15}
FILES=$CODE/examples/deployment
declare -A ADDRESS=(
  [data]=10.91.0.10 [lb]=10.91.0.2 [web1]=10.91.0.21 [web2]=10.91.0.22 [work1]=10.91.0.31 [work2]=10.91.0.32
)

# Become a program on a machine: its own network, its own host name. Call it in a subshell or in the background.
on() {
  local machine=$1; shift
  exec ip netns exec "lab-$machine" unshare --uts sh -c 'hostname "$0"; exec "$@"' "$machine" "$@"
}

network() {
  ip netns add lab-switch
  ip -n lab-switch link add br0 type bridge
  ip -n lab-switch link set br0 up
  local machine
  for machine in "${!ADDRESS[@]}"; do
    ip netns add "lab-$machine"
    ip -n "lab-$machine" link add eth0 type veth peer name "to-$machine" netns lab-switch
    ip -n lab-switch link set "to-$machine" master br0 up
    ip -n "lab-$machine" address add "${ADDRESS[$machine]}/24" dev eth0
    ip -n "lab-$machine" link set eth0 up
    ip -n "lab-$machine" link set lo up
  done
}

environment() {
  if [ ! -e "$LAB/secrets.env" ]; then
    install -m 600 /dev/null "$LAB/secrets.env"
    for name in OWNER_PASSWORD PORTAL_PASSWORD SECRET_KEY; do echo "$name=$(openssl rand -hex 40)"; done \
      >"$LAB/secrets.env"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=portal.example \
      -addext subjectAltName=DNS:portal.example -keyout "$LAB/portal.key" -out "$LAB/portal.crt" 2>/dev/null
  fi
  # shellcheck source=/dev/null
  . "$LAB/secrets.env"
  local machine
  for machine in web1 web2 work1 work2; do
    mkdir -p "$LAB/$machine"
    sed -e "s|^SECRET_KEY=.*|SECRET_KEY=$SECRET_KEY|" -e "s|^ALLOWED_HOSTS=.*|ALLOWED_HOSTS=portal.example|" \
      -e "s|^DATABASE_URL=.*|DATABASE_URL=postgres://portal:$PORTAL_PASSWORD@${ADDRESS[data]}:6432/portal|" \
      -e "s|^REDIS_URL=.*|REDIS_URL=redis://${ADDRESS[data]}:6390/0|" \
      -e "s|^PORTAL_HOST=.*|PORTAL_HOST=${ADDRESS[$machine]}|" -e "s|^PORTAL_VAR=.*|PORTAL_VAR=$LAB/$machine/var|" \
      "$FILES/portal.env" >"$LAB/$machine/portal.env"
  done
}

# Run a command of the portal on a machine; URL names another database than the machine's own.
manage() {
  (
    set -a
    # shellcheck source=/dev/null
    . "$LAB/$1/portal.env"
    set +a
    [ -z "${URL:-}" ] || export DATABASE_URL=$URL
    cd "$CODE"
    on "$1" .venv/bin/python manage.py "${@:2}"
  )
}

# The two roles, the tables, the demo and what the role of the portal may do.
database() {
  # shellcheck source=/dev/null
  . "$LAB/secrets.env"
  local psql=(ip netns exec lab-data runuser -u postgres -- psql -X -q -p 5440 --set ON_ERROR_STOP=1)
  cd /
  "${psql[@]}" -c "CREATE ROLE portal_owner LOGIN PASSWORD '$OWNER_PASSWORD'" \
    -c "CREATE ROLE portal LOGIN PASSWORD '$PORTAL_PASSWORD'" -c "CREATE DATABASE portal OWNER portal_owner"
  local url=postgres://portal_owner:$OWNER_PASSWORD@${ADDRESS[data]}:5440/portal
  URL=$url manage web1 migrate --verbosity 0
  URL=$url manage web1 seed_demo --json >"$LAB/demo.json"
  URL=$url manage web1 make_roles --portal portal --apply
  "${psql[@]}" -A -t -c "SELECT format('\"%s\" \"%s\"', rolname, rolpassword) FROM pg_authid WHERE rolname = 'portal'" \
    >"$LAB/userlist.txt"
  for machine in web1 web2; do manage "$machine" collectstatic --noinput --verbosity 0; done
}

# Run the line of a unit, as systemd would: its environment file, its folder, its ExecStart.
unit() {
  local machine=$1 name=$2
  local line
  line=$(sed -n "s|^ExecStart=/opt/portal|$CODE|p" "$FILES/$name.service")
  (
    set -a
    # shellcheck source=/dev/null
    . "$LAB/$machine/portal.env"
    set +a
    cd "$CODE"
    # shellcheck disable=SC2046  # the line is cut into words as systemd does it; it quotes nothing
    on "$machine" setsid $(eval "echo $line") >>"$LAB/$machine/$name.log" 2>&1 &
    echo $! >"$LAB/$machine/$name.pid"
  )
}

bouncer() {
  sed -e "s|127.0.0.1 port=5432|${ADDRESS[data]} port=5440|" -e "s|^listen_addr.*|listen_addr = ${ADDRESS[data]}|" \
    -e "s|/etc/pgbouncer/|$LAB/|" "$FILES/pgbouncer.ini" >"$LAB/pgbouncer.ini"
  chown -R postgres "$LAB/pgbouncer.ini" "$LAB/userlist.txt"
  on data setsid runuser -u postgres -- pgbouncer "$LAB/pgbouncer.ini" >>"$LAB/pgbouncer.log" 2>&1 &
  echo $! >"$LAB/pgbouncer.pid"
}

redis() {
  on data setsid redis-server --port 6390 --bind "${ADDRESS[data]}" --protected-mode no --dir "$LAB" --appendonly yes \
    >>"$LAB/redis.log" 2>&1 &
  echo $! >"$LAB/redis.pid"
}

balancer() {
  {
    echo "user www-data; worker_processes 1; daemon off; pid $LAB/nginx.pid; error_log $LAB/nginx-error.log;"
    echo "events { worker_connections 512; } http { access_log $LAB/nginx-access.log;"
    sed -e "s|server 127.0.0.1:8000\(.*\)|server ${ADDRESS[web1]}:8000\1 server ${ADDRESS[web2]}:8000\1|" \
      -e "s|/etc/ssl/portal/|$LAB/|" "$FILES/nginx.conf"
    echo "}"
  } >"$LAB/nginx.conf"
  (on lb nginx -t -c "$LAB/nginx.conf")
  on lb setsid nginx -c "$LAB/nginx.conf" >>"$LAB/nginx.log" 2>&1 &
}

case ${1:-} in
  up)
    # Others may pass through, as PgBouncer's user has to, and look at nothing.
    mkdir -p "$LAB" && chmod 711 "$LAB"
    network
    environment
    config=/etc/postgresql/$PGVERSION/$CLUSTER
    grep -q 10.91.0.0 "$config/pg_hba.conf" || {
      echo "listen_addresses = '*'" >>"$config/postgresql.conf"
      echo "host all all 10.91.0.0/24 scram-sha-256" >>"$config/pg_hba.conf"
    }
    ip netns exec lab-data pg_ctlcluster "$PGVERSION" "$CLUSTER" start
    redis
    ;;
  database) database ;;
  pooler) bouncer ;;
  portal)
    for machine in web1 web2; do unit "$machine" portal-web; done
    for machine in work1 work2; do unit "$machine" portal-worker; done
    unit work1 portal-beat
    balancer
    ;;
  unit) unit "$2" "$3" ;;
  redis) redis ;;
  down)
    ip netns exec lab-data pg_ctlcluster "$PGVERSION" "$CLUSTER" stop --mode immediate || true
    for machine in "${!ADDRESS[@]}"; do
      ip netns pids "lab-$machine" | xargs -r kill -9
      ip netns del "lab-$machine"
    done
    ip netns del lab-switch
    ;;
  *) sed -n '2,/^set/p' "$0" | sed '$d'; exit 2 ;;
esac
