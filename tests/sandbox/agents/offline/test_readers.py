"""Each reader on texts of its shape: what it finds, where, and that it quotes the text."""

from dataclasses import replace

import pytest

from cases.transcript import Level, Observation, Step, Task
from sandbox.agents.offline.lexicon import concepts_in
from sandbox.agents.offline.names import component_of, template
from sandbox.agents.offline.read import evidence_of
from sandbox.knowledge.retrieval import FAINT

TASK = Task("HighLatency on web since 2026-01-01T10:00:00Z. Namespace: shop.")


def step(output, tool="look", index=0, **arguments):
    return Step(index, tool, arguments, Observation(output))


def found(*steps):
    numbered = [replace(one, index=number) for number, one in enumerate(steps)]
    evidence = evidence_of(TASK, numbered)
    assert all(one.quote and one.quote in numbered[one.step].observation.output for one in evidence)
    return [(str(one.aspect), one.component, one.value) for one in evidence]


PODS = """NAME                   READY   STATUS             RESTARTS      AGE   IP           NODE
web-7d9f8b6c5d-x2x4z   0/1     CrashLoopBackOff   5 (10s ago)   3m    10.0.0.7     n-01
api-6c5d7f9b8d-abcde   1/1     Running            0             3m    10.0.0.8     n-02
"""
PODS_FOUND = [
    ("readiness", "web", "pods ready none of wanted"),
    ("state", "web", "pods status CrashLoopBackOff"),
    ("restart", "web", "pods restarted again and again"),
]
EVENTS = """LAST SEEN   TYPE      REASON             OBJECT                          MESSAGE
3m          Warning   FailedCreate       replicaset/web-7d9f8b6c5d       Error creating: pods is forbidden: serviceaccount "web" not found
2m          Normal    SuccessfulCreate   replicaset/web-7d9f8b6c5d       Created pod: web-7d9f8b6c5d-x2x4z
9s          Warning   FailedScheduling   pod/api-6c5d7f9b8d-abcde        0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu. preemption: 0/4 nodes are available.
"""
DESCRIPTION = """Name:             web-7d9f8b6c5d-x2x4z
Namespace:        shop
Node:             n-01/10.1.0.1
Status:           Running
Containers:
  server:
    Port:       8080/TCP
    Last State:     Terminated
      Reason:       OOMKilled
    Liveness:   http-get http://:9090/health delay=5s timeout=1s period=10s #success=1 #failure=3
  mesh-proxy:
    Port:       15090/TCP
    Readiness:  http-get http://:15021/healthz delay=1s timeout=3s period=2s #success=1 #failure=3
Events:  <none>
"""
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: server
        ports: [{containerPort: 8080}]
        env: [{name: DB_ADDR, value: "nowhere:5432"}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: wob}
  ports: [{port: 80, targetPort: 9999}]
"""
SERVICES = """NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)    AGE
web    ClusterIP   10.9.0.1     <none>        80/TCP     3m
api    ClusterIP   10.9.0.2     <none>        80/TCP     3m
db     ClusterIP   10.9.0.3     <none>        5432/TCP   3m
"""
SESSIONS = """ pid | usename |        state        | xact_age |       query
-----+---------+---------------------+----------+--------------------
 11  | web     | idle in transaction | 00:17:00 | SELECT a FROM b
 12  | api     | idle in transaction | 00:00:01 | SELECT a FROM b
"""
SLOW = """ queryid | usename | calls | mean_ms | query
---------+---------+-------+---------+---------------------------
 9911    | web     | 12    | 870.2   | SELECT * FROM t WHERE k = $1
 9912    | api     | 12    | 0.4     | SELECT * FROM u WHERE k = $1

2026-01-01 10:00:00 UTC [web] LOG:  duration: 870 ms  plan:
  Seq Scan on t  (cost=0.00..62604.54 rows=3 width=130)
    Rows Removed by Filter: 220000
"""
SERIES = "# web, step 60s\ntime,pool_in_use,pool_max,error_ratio\n" + "".join(
    f"2026-01-01T10:{minute:02}:00Z,{3 if minute < 6 else 20},20,0.0\n" for minute in range(12)
)
ALERTS = """[{"labels": {"alertname": "PoolAtLimit", "service": "web"},
  "annotations": {"summary": "connection pool of web at its limit (20 of 20 in use)"}},
 {"labels": {"alertname": "QueueBacklog", "service": "parcel"}, "annotations": {"summary": "900 messages ready"}}]"""
TRACE = """trace 1f2e  GET /x  1010.0 ms  ERROR
  web: GET /x  1010.0 ms  error=api answered 500
    api: GET /y  1000.0 ms  error=timed out
"""
CHANGES = """TIME               KIND     TARGET   CHANGE                     BY
2026-01-01 09:52   deploy   web      image web:1.2 -> web:1.3   pipeline
2025-12-30 09:52   deploy   api      image api:1.2 -> api:1.3   pipeline
"""
SETTINGS = "# web\nPORT: 8080\nAPI_URL: http://api:80\nAPI_TIMEOUT_MS: 13\nDB_TIMEOUT_MS: 2000\nMAIL_TIMEOUT_MS: 2000\n"
SWITCHES = "# web\nLEVEL: info\nSEND_KEY: false\nPEER: none\n"
TABLE = """Table "shop.t"
 Column |  Type
--------+--------
 id     | bigint
Indexes:
    "t_pkey" PRIMARY KEY, btree (id)
Rows (estimate): 90000
Dead rows: 3, last autovacuum 2026-01-01 08:00
Statistics: n_distinct(zone) = 4
"""
STORAGE = """Filesystem      Size  Used Avail Use% Mounted on
/dev/vda        20G  20.0G  0.0G 100% /var

 directory |   size
-----------+----------
 base      | 10.0 GB
 pgsql_tmp | 5.0 GB
(2 rows)

 slot_name | active | retained_wal
-----------+--------+--------------
 feed      | f      | 4.0 GB
 standby   | t      | 16 MB
(2 rows)

 archived_count | failed_count
----------------+--------------
 26032          | 58
(1 row)
"""
REPLICAS = """ application_name |   state   | replay_lag
------------------+-----------+------------
 copy             | streaming | 876.97s
 mirror           | streaming | 0.02s
"""
CERTIFICATES = """NAME       COMPONENT   ISSUER   NOT BEFORE             NOT AFTER
web-tls    web         one      2025-12-01T10:00:00Z   2026-03-01T10:00:00Z
api-tls    api         one      2025-10-01T10:00:00Z   2026-01-01T09:58:00Z
mail-tls   mail        two      2025-12-31T10:00:00Z   2026-03-31T10:00:00Z
"""
COUNTS = """ordered: desk in db; paid: till, without refunds; sent: mail
until   ordered   paid   sent
09:50   1000      1001   998
09:55   1000      1002   999
10:00   1000      1200   1001
10:05   1000      1190   998
"""
QUEUES = """name      messages_ready   publish/s   ack/s   redeliver/s
parcel    4151             44.6        42.2    42.0
invoice   0                0.8         0.8     0.0
"""
LOCKS = """ blocked_user | blocking_user |    blocking_state   | blocking_xact_age
--------------+---------------+---------------------+-------------------
 web          | web           | idle in transaction | 00:00:00
"""
WAITS = """ pid | usename | state  |   wait_event
-----+---------+--------+-----------------
 1   | web     | active | IO:DataFileRead
 2   | web     | active | IO:WALSync
 3   | web     | idle   | Client:ClientRead
"""
CROWD = " pid | usename | state |    wait_event\n-----+---------+-------+-------------------\n" + "".join(
    f" {pid}  | web     | idle  | Client:ClientRead\n" for pid in range(40)
)
FREQUENT = """ usename |  calls   | mean_ms | query
---------+----------+---------+--------------------------
 web     | 14725027 | 0.68    | SELECT * FROM t WHERE a=1
 api     | 11636    | 49.76   | SELECT * FROM u WHERE a=1
 api     | 636      | 9.76    | SELECT * FROM v WHERE a=1
"""
SORRY = "2026-01-01T10:00:02Z ERROR db-0 FATAL:  sorry, too many clients already\n" * 3
LOGS = """2026-01-01T10:00:01Z INFO  web-7d9f8b6c5d-x2x4z request done in 12ms
2026-01-01T10:00:02Z ERROR web-7d9f8b6c5d-x2x4z dial tcp: lookup nowhere on 10.0.0.53:53: no such host
"""


@pytest.mark.parametrize(
    ("output", "arguments", "expected"),
    [
        (PODS, {"resource_type": "pods"}, PODS_FOUND),
        (
            EVENTS,
            {"resource_type": "events"},
            [
                ("event", "web", "FailedCreate: Error creating: pods is forbidden: serviceaccount <name> not found"),
                ("event", "api", "FailedScheduling: few nodes: node(s) were unschedulable"),
                ("event", "api", "FailedScheduling: most nodes: Insufficient cpu"),
            ],
        ),
        (
            DESCRIPTION,
            {"resource_type": "pods", "name": "web-7d9f8b6c5d-x2x4z"},
            [
                ("state", "web", "container last state terminated: OOMKilled"),
                ("config", "web", "liveness probe asks a port that the container does not open"),
            ],
        ),
        (
            MANIFEST,
            {"app_name": "web"},
            [
                ("config", "web", "service selector matches no label of the pods"),
                ("config", "web", "service target port is not a port of the container"),
            ],
        ),
        (SESSIONS, {}, [("lock", "web", "session idle in transaction for minutes")]),
        (
            SLOW,
            {},
            [
                ("query", "web", "plan: Seq Scan on t removing most rows by filter"),
                ("query", "t", "plan: scans the whole of this table removing most rows by filter"),
                ("query", "web", "slow query select takes long"),
            ],
        ),
        (
            SERIES,
            {"service": "web"},
            [
                ("saturation", "web", "pool in use at its limit"),
                ("saturation", "web", "pool in use rises manifold"),
            ],
        ),
        (
            ALERTS,
            {},
            [
                ("saturation", "web", "connection pool of <name> at its limit (<n> of <n> in use)"),
                ("growth", "parcel", "<n> messages ready"),
            ],
        ),
        (
            TRACE,
            {"service": "web"},
            [
                ("trace", "api", "deepest error of the trace: <request> timed out"),
                ("trace", "api", "most of the time is its own: <request>"),
            ],
        ),
        (
            CHANGES,
            {},
            [
                ("change", "web", "deploy: image web:<n> -> web:<n>, shortly before"),
                ("change", "api", "deploy: image api:<n> -> api:<n>"),
            ],
        ),
        (
            SETTINGS,
            {"service": "web"},
            [
                ("config", "web", "setting timeout ms far below its siblings"),
                ("normal", "web", "setting port of thousands"),
                ("normal", "web", "setting timeout ms of tens"),
                ("normal", "web", "setting timeout ms of thousands"),
            ],
        ),
        (SWITCHES, {"service": "web"}, [("config", "web", "setting send key is off")]),
        (TABLE, {}, [("query", "t", "no index on this table but its primary key")]),
        (
            TABLE.replace("Dead rows: 3", "Dead rows: 5000000"),
            {},
            [("query", "t", "dead rows by far outnumber the live rows of this table")],
        ),
        (
            TABLE.replace('(id)\n', '(id)\n    "t_zone_idx" btree (zone)\n'),
            {},
            [("query", "t", "statistics give an indexed column a handful of values")],
        ),
        (
            STORAGE,
            {},
            [
                ("growth", "", "temporary files take a large part of the disk"),
                ("growth", "", "a replication slot that nobody reads keeps the write-ahead log"),
                ("growth", "", "archiving of the write-ahead log fails again and again"),
            ],
        ),
        (REPLICAS, {}, [("growth", "copy", "replica is far behind"), ("normal", "mirror", "replica keeps up")]),
        (
            CERTIFICATES,
            {},
            [
                ("normal", "web", "certificate has not expired"),
                ("certificate", "api", "certificate has expired"),
                ("normal", "mail", "certificate has not expired"),
                ("certificate", "mail", "certificate is signed by another authority than those of the others"),
                ("normal", "", "certificates listed"),
            ],
        ),
        (COUNTS, {}, [("errors", "till", "count of paid exceeds the others")]),
        (
            QUEUES,
            {},
            [
                ("growth", "parcel", "messages ready pile up"),
                ("growth", "parcel", "messages are delivered again and again"),
            ],
        ),
        (LOCKS, {}, [
            ("lock", "web", "session waits for a lock"),
            ("lock", "web", "session holds a lock for a moment, and others queue for it"),
        ]),
        (WAITS, {"service": "web"}, [("lock", "web", "sessions wait for reads and writes of the disk")]),
        (CROWD, {"service": "web"}, [("lock", "web", "a crowd of idle sessions")]),
        (FREQUENT, {}, [("query", "web", "one statement runs many times as often as any other")]),
        (SORRY, {"service": "db"}, [("log", "db", "FATAL: sorry, too many clients already")]),
        (
            "toolbox -> web:80 (10.0.0.9:80): connection failed\n  look-up 1 of web at names: timed out after 5000 ms\n",
            {"target": "web"},
            [
                ("connectivity", "names", "name look-ups at it fail: dns"),
                ("connectivity", "web", "connection fails: toolbox -> web:<n> (<ip>): connection failed look-up <n> of web at <name>: timed out after <n> ms"),
            ],
        ),
        (
            "Service: kubelet\nNode: n-01\n   Active: inactive (dead) since Fri 2026-01-02 12:00:00 CST\n",
            {"node_name": "n-01", "service_name": "kubelet"},
            [("state", "n-01", "unit kubelet: inactive (dead)")],
        ),
        (
            "from n-01: punt!\nConnection Failed\nfrom n-02: open\nConnection Succeeded\n",
            {"service_name": "web", "port": 80},
            [("connectivity", "n-01", "connections fail from this node only")],
        ),
        ("No resources found in shop namespace.", {"resource_type": "pods"}, [("absence", "", "no pods found")]),
        (
            'Error from server (NotFound): services "web" not found',
            {"resource_type": "services", "name": "web"},
            [("absence", "web", "services <name> not found")],
        ),
        ("web   open\nConnection Succeeded", {"service_name": "web"}, [("normal", "web", "connection succeeded from everywhere")]),
    ],
)  # fmt: skip
def test_reader_finds_what_stands_out(output, arguments, expected):
    assert found(step(output, **arguments)) == expected


def test_a_name_that_holds_a_word_of_operations_is_no_such_word():
    alerts = ALERTS.replace("connection pool of web at its limit (20 of 20 in use)", "disk of boomstore 99% used")
    assert found(step(alerts))[0] == ("saturation", "web", "disk of boomstore <n>% used")


def test_history_is_faint():
    evidence = evidence_of(TASK, [step(EVENTS, resource_type="events")])
    assert [one.strength < 0.4 for one in evidence] == [True, False, False]


def test_pods_place_their_components():
    evidence = evidence_of(TASK, [step(PODS, resource_type="pods", namespace="shop")])
    assert {(one.object, one.node, one.namespace) for one in evidence} == {("web-7d9f8b6c5d-x2x4z", "n-01", "shop")}


def test_host_that_is_no_service_is_told_once_the_services_are_known():
    manifest, services = step(MANIFEST, app_name="web"), step(SERVICES, resource_type="services")
    wanted = ("config", "web", "environment setting names a host that is no service")
    assert wanted not in found(manifest)
    assert wanted in found(manifest, services)


def test_failing_call_is_blamed_on_the_callee_once_its_address_is_known():
    log = step("ERROR dial tcp 10.9.0.2:80: connect: connection refused", service="web")
    services = step(SERVICES, resource_type="services")
    assert ("connectivity", "api", "calls to it fail, log: connect: connection refused") in found(services, log)


def test_miss_says_nothing_of_the_system():
    missed = replace(step(PODS), observation=Observation(PODS, level=Level.MISS))
    assert evidence_of(TASK, [missed]) == ()


def test_readers_grow_with_the_steps():
    steps = [replace(step(text), index=at) for at, text in enumerate((PODS, EVENTS, SLOW))]
    whole = evidence_of(TASK, steps)
    assert all(evidence_of(TASK, steps[:count]) == whole[: len(evidence_of(TASK, steps[:count]))] for count in range(4))


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("web-7d9f8b6c5d-x2x4z", "web"),
        ("pod/web-7d9f8b6c5d-x2x4z", "web"),
        ("replicaset/web-7d9f8b6c5d", "web"),
        ("store-0", "store"),
        ("two-words", "two-words"),
        ("node-01", "node-01"),
    ],
)
def test_component_is_the_stable_part_of_a_name(name, component):
    assert component_of(name) == component


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dial tcp 10.0.0.7:9555: connect: connection refused", "dial tcp <ip>: connect: connection refused"),
        ('persistentvolumeclaim "data-x" not found', "persistentvolumeclaim <name> not found"),
        ("at 2026-01-01T10:00:00.5Z took 12ms", "at <time> took <n>ms"),
        ("id 5f1d2c3b-aaaa-bbbb-cccc-0123456789ab", "id <id>"),
        ("node(s) didn't match Pod's node affinity/selector", "node(s) didn't match Pod's node affinity/selector"),
    ],
)
def test_template_keeps_the_telling_words(text, expected):
    assert template(text) == expected


@pytest.mark.parametrize(
    "output", ["", "   ", "{", "[]", "{}", "null", "a: [", "|", "\x00\x01", "NAME\n", "-- no entries --"]
)
def test_odd_text_is_survived(output):
    assert isinstance(found(step(output)) if output.strip() else evidence_of(TASK, [step(output)]), list | tuple)


ANYTHING = "apiVersion: v1\nkind: {kind}\nmetadata: {metadata}\nitems: {items}\nspec: {spec}\n"


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "Service", "PersistentVolumeClaim"])
@pytest.mark.parametrize("junk", ["5", "true", "[5]", "[null]", "{a: 5}", "x", "2024-99-99"])
def test_manifest_with_anything_in_the_place_of_anything_is_read_without_an_error(kind, junk):
    spec = f"{{containers: {junk}, volumes: {junk}, ports: {junk}, selector: {junk}, template: {junk}, accessModes: {junk}}}"
    containers = (
        f"{{containers: [{{env: {junk}, ports: {junk}, livenessProbe: {{periodSeconds: {junk}, httpGet: {junk}}}}}]}}"
    )
    texts = [
        ANYTHING.format(kind=kind, metadata=junk, items=junk, spec=junk),
        ANYTHING.format(kind=kind, metadata="{name: a}", items="[]", spec=spec),
        ANYTHING.format(kind=kind, metadata="{name: a}", items="[]", spec=containers),
    ]
    steps = tuple(
        Step(index, "get_resource", {"name": "a"}, Observation("---\n".join([text, *texts])))
        for index, text in enumerate(texts)
    )
    assert all(item.step in (0, 1, 2) for item in evidence_of(Task("a is slow"), steps))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "apiVersion: v1\nkind: Pod\nx: " + "[" * 3000])
def test_return_nested_without_end_is_read_as_text(text):
    evidence_of(Task("a is slow"), (Step(0, "get_resource", {"name": "a"}, Observation(text)),))


def csv_of(name, values):
    rows = [f"2026-01-01T10:{minute:02d}:00Z,{value}" for minute, value in enumerate(values)]
    return "\n".join([f"time,{name}", *rows])


def test_number_at_the_end_of_a_component_that_was_asked_for_is_no_ordinal():
    slow = csv_of("round_trip_ms", [1.0] * 8 + [240.0] * 8)
    assert found(step(slow, service="rack-2")) == [("latency", "rack-2", "round trip ms rises manifold")]
    assert found(step(slow, pod="store-2"))[0][1] == "store"


def test_errors_that_rise_steadily_are_errors_and_not_growth():
    rising = [0.001 * (1 + minute) ** 2 for minute in range(16)]
    assert found(step(csv_of("error_ratio", rising), service="web"))[0][:2] == ("errors", "web")
    assert found(step(csv_of("heap_bytes", rising), service="web"))[0][:2] == ("growth", "web")


def test_gauges_of_a_process_that_no_longer_runs_are_too_faint_to_learn_from():
    def strengths(**series):
        rows = zip(*([8.0] * 8 + [0.0] * 8 if stops else [8.0, 8.5] * 8 for stops in series.values()), strict=True)
        lines = [",".join(map(str, row)) for row in rows]
        timed = [f"2026-01-01T10:{minute:02}:00Z,{line}" for minute, line in enumerate(lines)]
        output = "\n".join([",".join(["time", *series]), *timed])
        return {one.value: one.strength for one in evidence_of(TASK, [step(output, service="web")])}

    down = strengths(cpu_utilisation=True, pool_in_use=True, replicas_ready=True)
    assert down["cpu utilisation stopped"] == down["replicas ready stopped"] == 3.0
    assert down["pool in use stopped"] < FAINT
    assert strengths(cpu_utilisation=False, pool_in_use=True) == {"pool in use stopped": 3.0}
    assert strengths(cpu_throttled_periods=True, pool_in_use=True)["pool in use stopped"] == 3.0


def test_row_near_its_limit_and_row_that_uses_many_times_what_others_do_stand_out():
    nodes = "NAME     CPU(cores)   CPU%\nrack-1   3751m        23%\nrack-2   15800m       99%\nrack-3   4465m        28%\nrack-4   2505m        16%\n"
    assert found(step(nodes, resource_type="nodes")) == [("saturation", "rack-2", "nodes cpu near its limit")]
    pods = "NAME        CPU(cores)   MEMORY(bytes)   NODE\nweb-0       590m         377Mi           rack-2\napi-0       271m         385Mi           rack-1\nstore-0     800m         9000Mi          rack-1\nbatch-0     12800m       2310Mi          rack-2\n"
    assert found(step(pods, resource_type="pods")) == [
        ("saturation", "batch", "pods cpu is many times that of all others")
    ]


def test_caller_that_cannot_reach_a_component_blames_it_once_the_trace_names_both():
    trace = "trace 1  GET /  1200 ms\n  web: GET /  1200 ms\n    api: GET /quote  1100 ms  error=timeout\n"
    log = "2026-01-01T10:00:01Z ERROR call GET /quote to api failed: connect timeout after 1000ms"
    evidence = found(step(trace, "get_traces", service="web"), step(log, "get_logs", service="web"))
    assert ("connectivity", "api", "calls to it fail, log: connect timeout after 1000ms") in evidence


def test_span_that_fails_to_connect_blames_what_it_could_not_reach():
    trace = """trace 1  GET /  90 ms
  web: GET /  90 ms  error=api failed
    web: connect api  9 ms  error=tls: handshake failure
    store: SELECT  1 ms
trace 2  GET /  8 ms
  web: GET /  8 ms
    api: GET /quote  4 ms
"""
    evidence = found(step(trace, "get_traces", service="web"))
    assert ("connectivity", "api", "calls to it fail, trace: tls: handshake failure") in evidence


def test_a_clock_that_leaves_the_right_time_is_seen_whichever_side_of_it_it_was_on():
    offsets = csv_of("clock_offset_ms", [-2.0, 1.0, -3.0, -1.0, 2.0, -2.0, -1.0, 0.0] + [7_200_000.0] * 8)
    assert found(step(offsets, service="rack-1")) == [("state", "rack-1", "clock offset ms rises manifold")]


@pytest.mark.parametrize(
    "answer", ["no series for web", "error: no log stream web in namespace shop", "configmap web not found"]
)
def test_answer_that_there_is_nothing_to_ask_about_says_nothing(answer):
    assert found(step(answer, service="web")) == []


def test_which_request_a_line_or_span_is_about_is_left_out_of_its_template():
    assert template("call POST /orders/17 to api failed") == "call <request> to api failed"
    assert template("GET /x?page=2") == "<request>"


def test_exit_and_status_codes_are_no_program():
    assert "code" not in concepts_in("container ended with exit code <n>, probe statuscode: <n>")
    assert "code" in concepts_in("unhandled exception in the code")


def test_what_cannot_be_parsed_is_malformed_and_a_key_that_is_not_found_is_missing():
    assert {"malformed", "config"} <= concepts_in("Back-off restarting failed container: cannot parse RETRIES")
    assert {"secret", "missing", "key"} <= concepts_in("couldn't find key TOKEN in Secret shop/web")
