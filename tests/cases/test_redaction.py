import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.redaction import Redaction, merged, redact, redact_value

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "redacted", "kind"),
    [
        (f"before\n{KEY}\nafter", "before\n[REDACTED private key]\nafter", "private key"),
        (f"cookie={JWT};", "cookie=[REDACTED token];", "token"),
        ("id AKIAIOSFODNN7EXAMPLE used", "id [REDACTED cloud key] used", "cloud key"),
        ("AIza" + "b1" * 17 + "c", "[REDACTED cloud key]", "cloud key"),
        ("ghp_" + "a1B2" * 9, "[REDACTED token]", "token"),
        ("glpat-" + "a1B2" * 5, "[REDACTED token]", "token"),
        ("xoxb-123456789012-abcdef", "[REDACTED token]", "token"),
        ("key sk-proj-" + "a1" * 12, "key [REDACTED token]", "token"),
        (
            "Authorization: Bearer abcdef123456",
            "Authorization: Bearer [REDACTED authorization header]",
            "authorization header",
        ),
        (
            '"authorization": "Basic dXNlcjpwYXNz"',
            '"authorization": "Basic [REDACTED authorization header]"',
            "authorization header",
        ),
        (
            "postgresql://till:hunter2@ledger-db:5432/till",
            "postgresql://till:[REDACTED connection string]@ledger-db:5432/till",
            "connection string",
        ),
        ("redis://:hunter2@cache:6379", "redis://:[REDACTED connection string]@cache:6379", "connection string"),
        ("dsn till:hunter2@tcp(ledger:3306)/till", "dsn till:[REDACTED password]@tcp(ledger:3306)/till", "password"),
        ("password=hunter2 user=till", "password=[REDACTED password] user=till", "password"),
        ("MYSQL_ROOT_PASSWORD:  hunter2", "MYSQL_ROOT_PASSWORD:  [REDACTED password]", "password"),
        ('{"db_password": "hunter2"}', '{"db_password": "[REDACTED password]"}', "password"),
        ('"{\\"api_key\\": \\"k3y-0f-till\\"}"', '"{\\"api_key\\": \\"[REDACTED password]\\"}"', "password"),
        (
            "- name: DB_PASSWORD\n  value: hunter2\n- name: X\n",
            "- name: DB_PASSWORD\n  value: [REDACTED password]\n- name: X\n",
            "password",
        ),
        (
            "CREATE USER till IDENTIFIED BY 'hunter2'",
            "CREATE USER till IDENTIFIED BY '[REDACTED password]'",
            "password",
        ),
        ("mysql --password=hunter2 -u till", "mysql --password=[REDACTED password] -u till", "password"),
        (
            "kind: Secret\ndata:\n  cert: aGVsbG8=\n  other: d29ybGQ=\ntype: Opaque\n",
            "kind: Secret\ndata:\n  cert: [REDACTED secret data]\n  other: [REDACTED secret data]\ntype: Opaque\n",
            "secret data",
        ),
    ],
)
def test_secret_is_replaced_and_named(text, redacted, kind):
    result = redact(text)
    assert result.text == redacted
    assert [redaction.kind for redaction in result.redactions] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "pod 0f8fad5b-d9cd-469f-a165-70867728950e restarted",
        'FATAL: password authentication failed for user "till"',
        "Access denied for user 'till'@'10.0.0.3' (using password: YES)",
        "MYSQL_PASSWORD:  <set to the key 'password' in secret 'till'>  Optional: false",
        "password: ${DB_PASSWORD}",
        "password: ******",
        "password: null",
        "password = os.environ.get('DB_PASSWORD')",
        "def connect(password: str, token=token)",
        "TokenExpirationSeconds:  3607",
        "Mountable secrets:   <none>\nTokens:              <none>",
        "secretName: till-tls\nsecretKeyRef:\n  key: password\n  name: till",
        "serviceAccountToken:\n  expirationSeconds: 3607",
        "token_count: 4711",
        "primary_key: entry_id",
        "http://prometheus:9090/api/v1/query?query=up",
        "http://:8080/health delay=15s",
        "git@github.com:somebody/till.git https://till.example:8443/a@b",
        "imagePullSecrets:\n- name: registry",
        "kind: ConfigMap\ndata:\n  cert: aGVsbG8=\n",
        "user:till@market",
        "bearer of bad news arrived",
        "registry.example:5000/market/till:v1.2.3@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ],
)
def test_ordinary_text_keeps_every_byte(text):
    result = redact(text)
    assert (result.text, result.redactions) == (text, ())


def test_redactions_are_counted_by_kind():
    result = redact("password=hunter2 then password=hunter3 and AKIAIOSFODNN7EXAMPLE")
    assert result.redactions == (Redaction("cloud key", 1), Redaction("password", 2))


def test_redacting_twice_changes_nothing_more():
    once = redact(f"postgres://a:hunter2@db {KEY} password: hunter2 Authorization: Bearer abcdef123456").text
    assert redact(once).text == once
    assert redact(once).redactions == ()


def test_value_is_redacted_by_name_and_in_its_texts():
    result = redact_value({"token": 3, "password": "hunter2", "nested": [{"url": "redis://:hunter2@cache"}], "n": None})
    assert result.value == {
        "token": 3,
        "password": "[REDACTED password]",
        "nested": [{"url": "redis://:[REDACTED connection string]@cache"}],
        "n": None,
    }
    assert result.redactions == (Redaction("connection string", 1), Redaction("password", 1))


def test_merged_adds_up_each_kind():
    assert merged([Redaction("a", 1)], [Redaction("b", 2), Redaction("a", 3)]) == (Redaction("a", 4), Redaction("b", 2))


@settings(deadline=None)
@given(st.text())
def test_redaction_is_stable_for_any_text(text):
    once = redact(text).text
    assert redact(once).text == once


@pytest.mark.shared
def test_recorded_returns_of_known_cases_keep_their_bytes(shared):
    changed = [
        recording["tool"]
        for path in sorted(shared.glob("cases/*/*.json"))
        if path.parent.name != "catalogues"
        for recording in json.loads(path.read_text())["recordings"]
        if redact(recording["output"]).text != recording["output"]
    ]
    assert len(changed) == 1  # a database password in a configuration an agent printed
