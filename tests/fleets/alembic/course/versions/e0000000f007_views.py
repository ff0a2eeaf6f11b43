"""Views."""
from alembic import op

revision = 'e0000000f007'
down_revision = 'e0000000f006'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE VIEW averages AS SELECT p.name, avg(g.grade) AS grade FROM pupils p JOIN grades g ON g.pupil_id = p.id GROUP BY p.id")
    op.execute("CREATE MATERIALIZED VIEW courses_by_level AS SELECT level, count(*) FROM courses GROUP BY level")


def downgrade():
    op.execute("DROP MATERIALIZED VIEW courses_by_level")
    op.execute("DROP VIEW averages")
