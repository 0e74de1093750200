from django.db import migrations


def tell(apps, schema_editor):
    """Once, for the snapshots there are; each new one writes it itself."""
    case, snapshot = apps.get_model("cases", "Case"), apps.get_model("sandbox", "Snapshot")
    rows = snapshot.objects.order_by("number").values_list("case", "size", "digest", "admission")
    for pk, size, digest, admission in rows.iterator():
        found = admission or {}
        case.objects.filter(pk=pk).update(
            frozen_size=size,
            frozen_share=found.get("closure"),
            frozen_asked=found.get("different"),
            frozen_digest=digest,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_labels_are_compared_and_cases_know_what_is_frozen"),
        ("sandbox", "0005_recordings_say_what_they_are_aliases_of"),
    ]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
