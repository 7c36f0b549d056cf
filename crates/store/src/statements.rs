//! How statements are written down: named, one text for both engines unless only one of them
//! runs it, and known to a test that prepares them all.

/// Names statements. Placeholders first appear in their order, which is how SQLite numbers them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* const $name: &str = $text;)+

        /// All of this file's.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use statements;

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::databases::Database;
    use sqlx::{Column as _, Executor as _, SqlSafeStr as _, Statement as _, TypeInfo as _};

    const FILES: &[(&str, &[(&str, &str)])] = &[
        ("attempts", attempts::STATEMENTS),
        ("audit", audit::STATEMENTS),
        ("backup", backup::STATEMENTS),
        ("bots", bots::STATEMENTS),
        ("chats", chats::STATEMENTS),
        ("claims", claims::STATEMENTS),
        ("compared", compared::STATEMENTS),
        ("erase", erase::STATEMENTS),
        ("foreign", foreign::STATEMENTS),
        ("found", found::STATEMENTS),
        ("gates", gates::STATEMENTS),
        ("grants", grants::STATEMENTS),
        ("health", health::STATEMENTS),
        ("hearing", hearing::STATEMENTS),
        ("keys", keys::STATEMENTS),
        ("leases", leases::STATEMENTS),
        ("ledger", ledger::STATEMENTS),
        ("outbox", outbox::STATEMENTS),
        ("pace", pace::STATEMENTS),
        ("passes", passes::STATEMENTS),
        ("strangers", strangers::STATEMENTS),
        ("tidy", tidy::STATEMENTS),
        ("updates", updates::STATEMENTS),
    ];

    /// Files whose statements only PostgreSQL is asked.
    const POSTGRES_FILES: &[(&str, &[(&str, &str)])] = &[("many", many::STATEMENTS)];

    fn all() -> impl Iterator<Item = (String, &'static str)> {
        in_files(FILES).chain(in_files(POSTGRES_FILES))
    }

    fn in_files(files: &'static [(&str, &[(&str, &str)])]) -> impl Iterator<Item = (String, &'static str)> {
        files.iter().flat_map(|(file, statements)| {
            statements.iter().map(move |(name, text)| (format!("{file}::{name}"), *text))
        })
    }

    #[test]
    fn every_file_with_statements_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let has = std::fs::read_to_string(&path).unwrap().contains("\nstatements! {");
            let mut listed = FILES.iter().chain(POSTGRES_FILES);
            assert_eq!(listed.any(|(file, _)| *file == name), has, "{name}");
        }
    }

    #[test]
    fn placeholders_appear_first_in_their_order() {
        for (name, text) in all() {
            let mut known = 0;
            for rest in text.split('$').skip(1) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                let number: u32 = digits.parse().unwrap();
                assert!(number <= known + 1, "{name}: ${number} comes before ${}", known + 1);
                known = known.max(number);
            }
        }
    }

    #[tokio::test]
    async fn sqlite_knows_every_statement() {
        let database = Database::sqlite();
        drop(database.open().await);
        let db = rusqlite::Connection::open(&database.place).unwrap();
        for (name, text) in in_files(FILES) {
            db.prepare(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[tokio::test]
    async fn postgres_knows_every_statement_and_answers_what_we_read() {
        let database = Database::postgres();
        drop(database.open().await);
        let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&database.place).await.unwrap();
        for (name, text) in all() {
            let prepared =
                db.prepare(text.into_sql_str()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            for column in prepared.columns() {
                let kind = column.type_info().name().to_owned();
                assert!(
                    ["INT8", "TEXT", "BYTEA"].contains(&kind.as_str()),
                    "{name}: {} is {kind}",
                    column.name()
                );
            }
        }
    }

    #[tokio::test]
    async fn both_schemas_have_the_same_tables_and_columns() {
        let (here, there) = (Database::sqlite(), Database::postgres());
        drop((here.open().await, there.open().await));
        let db = rusqlite::Connection::open(&here.place).unwrap();
        let mut columns = db
            .prepare(
                "select m.name || '.' || c.name || ' ' || case when c.\"notnull\" or c.pk then 'always' else '' end
                 from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table'",
            )
            .unwrap();
        let mut in_sqlite: Vec<String> =
            columns.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut db = <sqlx::PgConnection as sqlx::Connection>::connect(&there.place).await.unwrap();
        let mut in_postgres: Vec<String> = sqlx::query_scalar(
            "select table_name || '.' || column_name || ' ' || case when is_nullable = 'NO' then 'always' else '' end
             from information_schema.columns where table_schema = 'public'",
        )
        .fetch_all(&mut db)
        .await
        .unwrap();
        in_sqlite.sort();
        in_postgres.sort();
        assert_eq!(in_sqlite, in_postgres);
    }
}
