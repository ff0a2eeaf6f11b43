-- Which role the file has taken on, and what it has set, a line for each setting: both kept for the rest of the
-- transaction. It runs under the file's search_path: every name and operator has its schema.
SELECT pg_catalog.set_config('greylag.as', pg_catalog.concat(
           pg_catalog.current_setting('role'), ' of ', pg_catalog.current_setting('session_authorization')), true),
       pg_catalog.set_config('greylag.settings', pg_catalog.string_agg(
           pg_catalog.concat('setting ', s.name, E'\t', pg_catalog.hashtextextended(s.setting, 0)), E'\n'), true)
  FROM pg_catalog.pg_show_all_settings() s
 WHERE s.source OPERATOR(pg_catalog.=) ANY ('{session,database,user,database user}')
   AND NOT pg_catalog.starts_with(s.name, 'greylag.')
   AND s.name OPERATOR(pg_catalog.<>)
       ALL ('{synchronous_commit,transaction_isolation,transaction_read_only,transaction_deferrable}')
