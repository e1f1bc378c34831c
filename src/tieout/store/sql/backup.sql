-- name: tables_of_ours
-- Every table that holds rows; of a partitioned one, its partitions.
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname

-- name: applied_migrations
SELECT name FROM django_migrations WHERE app = 'store' ORDER BY name

-- name: empty_again
-- Of a database in which there was nothing before.
DROP SCHEMA public CASCADE; CREATE SCHEMA public

-- name: transaction_columns
-- Where numbers of transactions are kept; of a partitioned table, once.
SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND atttypid = 'xid8'::regtype AND attnum > 0 AND NOT attisdropped
ORDER BY relname

-- name: begin_epoch
INSERT INTO epoch (reason) VALUES (%(reason)s)

-- name: later_epochs
SELECT reason, began_at FROM epoch WHERE id > (SELECT min(id) FROM epoch) ORDER BY id

-- name: current_epoch
SELECT max(id) FROM epoch
