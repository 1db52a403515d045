from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("needs", "0009_photos")]
    operations = [
        migrations.AddIndex(
            model_name="need",
            index=models.Index(
                fields=["street", "collected_at"],
                include=(
                    "id", "community", "grid", "category", "channel", "state", "due_on", "closed_at", "answered_at", "handler",
                    "merged_into", "is_demo",
                ),
                name="need_counts",
            ),
        ),
    ]
