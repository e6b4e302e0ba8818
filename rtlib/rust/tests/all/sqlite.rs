//! Databases. They are in memory, which needs the directory that the process is in.

use lunatic_process::sqlite::{Connection, Error, Value};

fn memory() -> Connection {
    Connection::open(":memory:").unwrap()
}

#[test]
fn values() {
    let db = memory();
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)").unwrap();
    let values = [
        Value::Null,
        Value::from(&[1u8, 0, 255][..]),
        Value::from("grüße"),
        Value::from(1.5),
        Value::from(i64::MIN),
        Value::from(7),
        Value::from(String::new()),
        Value::from(Vec::new()),
    ];
    for value in &values {
        assert_eq!(db.query("INSERT INTO t (v) VALUES (?)", std::slice::from_ref(value)), Ok(vec![]));
        assert_eq!(db.changes(), 1);
    }
    let rows = db.query("SELECT v FROM t ORDER BY id", &[]).unwrap();
    assert_eq!(rows.concat(), values);
    let mut statement = db.prepare("SELECT id AS number, v FROM t WHERE id BETWEEN ?2 AND ?1").unwrap();
    assert_eq!(statement.columns(), ["number", "v"]);
    statement.bind(&[7.into(), 6.into()]).unwrap();
    for _ in 0..2 {
        assert_eq!(statement.step(), Ok(Some(vec![6.into(), 7.into()])));
        assert_eq!(statement.step(), Ok(Some(vec![7.into(), "".into()])));
        assert_eq!(statement.step(), Ok(None));
        statement.reset().unwrap();
    }
}

#[test]
fn errors_do_not_trap() {
    let db = memory();
    let error = |message: &str| Error { code: Some(1), message: message.into() };
    assert_eq!(db.execute("CREATE TABEL t (a)"), Err(error("near \"TABEL\": syntax error")));
    assert_eq!(db.query("SELECT * FROM absent", &[]), Err(error("no such table: absent")));
    assert!(db.query("SELECT 1", &[1.into()]).is_err());
    assert!(db.query("", &[]).is_err());
    db.execute("CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)").unwrap();
    let twice = db.query("INSERT INTO t VALUES (1)", &[]).unwrap_err();
    // Either the code of constraints or, extended, that of UNIQUE.
    assert!(matches!(twice.code, Some(19 | 2067)), "{:?}", twice);
    assert_eq!(twice.message, "UNIQUE constraint failed: t.a");
    assert!(Connection::open("/no/such/folder/file.db").is_err());
    // The connection is as good as before.
    assert_eq!(db.query("SELECT a FROM t", &[]), Ok(vec![vec![1.into()]]));
}
