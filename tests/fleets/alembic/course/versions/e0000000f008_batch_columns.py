"""Several columns; one loses its default."""
import sqlalchemy as sa
from alembic import op

revision = 'e0000000f008'
down_revision = 'e0000000f007'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("courses", sa.Column("fee", sa.Numeric(8, 2), server_default="0", nullable=False))
    op.alter_column("courses", "fee", server_default=None)
    op.alter_column("schools", "founded", new_column_name="founded_on")
    op.create_check_constraint("courses_fee", "courses", "fee >= 0")


def downgrade():
    op.drop_column("courses", "fee")
    op.alter_column("schools", "founded_on", new_column_name="founded")
