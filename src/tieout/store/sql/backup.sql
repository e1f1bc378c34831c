-- name: tables_of_ours
-- Every table that holds rows; of a partitioned one, its partitions.
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname

-- name: applied_migrations
SELECT name FROM django_migrations WHERE app = 'store' ORDER BY name

-- name: empty_again
-- Of a database in which there was nothing before.
DROP SCHEMA public CASCADE; CREATE SCHEMA public

-- name: begin_epoch
INSERT INTO epoch (reason) VALUES (%(reason)s)

-- name: current_epoch
SELECT max(id) FROM epoch
