"""A base of its own: a second line of revisions."""
from alembic import op

revision = '9f00000000a1'
down_revision = None
branch_labels = ('archive',)
depends_on = None


def upgrade():
    op.execute("CREATE SCHEMA archive")


def downgrade():
    op.execute("DROP SCHEMA archive CASCADE")
