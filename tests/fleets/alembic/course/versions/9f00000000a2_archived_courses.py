"""Needs a revision of the other line."""
from alembic import op

revision = '9f00000000a2'
down_revision = '9f00000000a1'
branch_labels = None
depends_on = 'e0000000f008'


def upgrade():
    op.execute("CREATE TABLE archive.courses (LIKE public.courses INCLUDING ALL)")


def downgrade():
    op.execute("DROP TABLE archive.courses")
