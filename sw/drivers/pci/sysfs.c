// SPDX-License-Identifier: MIT
/* What /sys/bus/pci/devices/DEVICE/ has of PCI. */
#include <sysfs.h>

#include "pci-internal.h"

#define NUMBER(name, format, value)					\
static ssize_t name##_show(void *object, char *buf)			\
{									\
	const struct pci_dev *pdev = to_pci_dev((struct device *)object); \
									\
	return sysfs_emit(buf, format "\n", value);			\
}

NUMBER(vendor, "%#06x", pdev->vendor)
NUMBER(device, "%#06x", pdev->device)
NUMBER(subsystem_vendor, "%#06x", pdev->subsystem_vendor)
NUMBER(subsystem_device, "%#06x", pdev->subsystem_device)
NUMBER(class, "%#08x", pdev->class)
NUMBER(revision, "%#04x", pdev->revision)

/* Whether a function has a capability of pci-ats.h, and it is in use. */
#define SWITCH(name)							\
NUMBER(name, "%s", !pdev->name##_cap ? "none" :				\
		   READ_ONCE(pdev->name##_enabled) ? "on" : "off")

SWITCH(ats)
SWITCH(pri)
SWITCH(pasid)

/* A line for each BAR: first and last address for the CPU, and the flags; of one
 * that is not there, or has no address, zeroes.
 */
static ssize_t resource_show(void *object, char *buf)
{
	const struct pci_dev *pdev = to_pci_dev((struct device *)object);
	char lines[PCI_NUM_BARS * 64];
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < PCI_NUM_BARS; i++) {
		const struct pci_bar *b = &pdev->bars[i];
		bool there = b->assigned;

		n += (size_t)scnprintf(lines + n, sizeof(lines) - n,
				       "0x%016llx 0x%016llx 0x%02x\n",
				       there ? b->cpu : 0,
				       there ? b->cpu + (b->size - 1) : 0,
				       there ? b->flags : 0);
	}
	return sysfs_emit(buf, "%s", lines);
}

static const struct attribute attrs[] = {
	ATTRIBUTE("vendor", vendor_show),
	ATTRIBUTE("device", device_show),
	ATTRIBUTE("subsystem_vendor", subsystem_vendor_show),
	ATTRIBUTE("subsystem_device", subsystem_device_show),
	ATTRIBUTE("class", class_show),
	ATTRIBUTE("revision", revision_show),
	ATTRIBUTE("resource", resource_show),
	ATTRIBUTE("ats", ats_show),
	ATTRIBUTE("pri", pri_show),
	ATTRIBUTE("pasid", pasid_show),
	{ }
};

static const struct attribute_group group = { .attrs = attrs };

const struct attribute_group *const pci_dev_groups[] = { &group, NULL };
