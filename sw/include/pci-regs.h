/* SPDX-License-Identifier: MIT */
/*
 * Configuration space: PCI Local Bus Specification 3.0, chapter 6; PCI-to-PCI
 * Bridge Architecture 1.2, chapter 3; PCI Express Base Specification 5.0,
 * chapter 7. Clauses below are of the last where nothing else is said.
 */
#ifndef PCI_REGS_H
#define PCI_REGS_H

#define PCI_CFG_SPACE_SIZE	256
#define PCI_CFG_SPACE_EXP_SIZE	4096

/* Both kinds of header (7.5.1.1) */
#define PCI_VENDOR_ID		0x00
#define PCI_DEVICE_ID		0x02
#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x001
#define PCI_COMMAND_MEMORY	0x002
#define PCI_COMMAND_MASTER	0x004
#define PCI_COMMAND_INTX_DISABLE 0x400
#define PCI_STATUS		0x06
#define PCI_STATUS_INTERRUPT	0x08
#define PCI_STATUS_CAP_LIST	0x10
#define PCI_CLASS_REVISION	0x08
#define PCI_HEADER_TYPE		0x0e
#define PCI_HEADER_TYPE_MASK	0x7f
#define PCI_HEADER_TYPE_NORMAL	0
#define PCI_HEADER_TYPE_BRIDGE	1
#define PCI_HEADER_TYPE_MULTI	0x80
#define PCI_BASE_ADDRESS_0	0x10
#define PCI_CAPABILITY_LIST	0x34
#define PCI_INTERRUPT_LINE	0x3c
#define PCI_INTERRUPT_PIN	0x3d

/* Type 0 (7.5.1.2) */
#define PCI_NUM_BARS		6
#define PCI_SUBSYSTEM_VENDOR_ID	0x2c
#define PCI_SUBSYSTEM_ID	0x2e
#define PCI_ROM_ADDRESS		0x30

/* Type 1 (7.5.1.3) */
#define PCI_BRIDGE_NUM_BARS	2
#define PCI_PRIMARY_BUS		0x18
#define PCI_SECONDARY_BUS	0x19
#define PCI_SUBORDINATE_BUS	0x1a
#define PCI_IO_BASE		0x1c
#define PCI_IO_LIMIT		0x1d
#define PCI_MEMORY_BASE		0x20
#define PCI_MEMORY_LIMIT	0x22
#define PCI_PREF_MEMORY_BASE	0x24
#define PCI_PREF_MEMORY_LIMIT	0x26
#define PCI_PREF_RANGE_TYPE	0x0f
#define PCI_PREF_RANGE_TYPE_64	0x01
#define PCI_PREF_BASE_UPPER32	0x28
#define PCI_PREF_LIMIT_UPPER32	0x2c
#define PCI_BRIDGE_ROM_ADDRESS	0x38

/* Base address registers (7.5.1.2.1) */
#define PCI_BAR_IO		0x1
#define PCI_BAR_MEM_TYPE	0x6
#define PCI_BAR_MEM_TYPE_32	0x0
#define PCI_BAR_MEM_TYPE_64	0x4
#define PCI_BAR_MEM_PREFETCH	0x8

/* Capabilities: ID, next, what follows (7.5.3.1) */
#define PCI_CAP_ID_MSI		0x05
#define PCI_CAP_ID_EXP		0x10
#define PCI_CAP_ID_MSIX		0x11

/* PCI Express (7.5.3) */
#define PCI_EXP_FLAGS		0x02
#define PCI_EXP_FLAGS_TYPE	GENMASK(7, 4)
#define PCI_EXP_TYPE_ENDPOINT	0x0
#define PCI_EXP_TYPE_LEG_END	0x1
#define PCI_EXP_TYPE_ROOT_PORT	0x4
#define PCI_EXP_TYPE_UPSTREAM	0x5
#define PCI_EXP_TYPE_DOWNSTREAM	0x6
#define PCI_EXP_TYPE_PCI_BRIDGE	0x7	/* Express to PCI */
#define PCI_EXP_TYPE_PCIE_BRIDGE 0x8	/* PCI to Express */
#define PCI_EXP_TYPE_RC_END	0x9
#define PCI_EXP_TYPE_RC_EC	0xa
#define PCI_EXP_DEVCAP2		0x24
#define PCI_EXP_DEVCAP2_EE_PREFIX 0x00200000	/* End-End TLP Prefixes */

/* Message signalled interrupts (7.7.1) */
#define PCI_MSI_FLAGS		0x02
#define PCI_MSI_FLAGS_ENABLE	0x0001
#define PCI_MSI_FLAGS_QMASK	GENMASK(3, 1)	/* log2 of what it has */
#define PCI_MSI_FLAGS_QSIZE	GENMASK(6, 4)	/* log2 of what it may use */
#define PCI_MSI_FLAGS_64BIT	0x0080
#define PCI_MSI_ADDRESS_LO	0x04
#define PCI_MSI_ADDRESS_HI	0x08
#define PCI_MSI_DATA_32		0x08
#define PCI_MSI_DATA_64		0x0c

/* MSI-X (7.7.2) */
#define PCI_MSIX_FLAGS		0x02

/* Extended capabilities (7.6.3) */
#define PCI_EXT_CAP_START	0x100
#define PCI_EXT_CAP_ID(h)	((h) & 0xffff)
#define PCI_EXT_CAP_NEXT(h)	((h) >> 20 & 0xffc)
#define PCI_EXT_CAP_ID_ACS	0x0d
#define PCI_EXT_CAP_ID_ATS	0x0f
#define PCI_EXT_CAP_ID_PRI	0x13
#define PCI_EXT_CAP_ID_PASID	0x1b

/* Access control services (7.7.8); control has the bits of the capability. */
#define PCI_ACS_CAP		0x04
#define PCI_ACS_CTRL		0x06
#define PCI_ACS_SV		0x01	/* source validation */
#define PCI_ACS_TB		0x02	/* translation blocking */
#define PCI_ACS_RR		0x04	/* requests are redirected */
#define PCI_ACS_CR		0x08	/* completions are redirected */
#define PCI_ACS_UF		0x10	/* upstream forwarding */
#define PCI_ACS_EC		0x20	/* egress control */

/* Address translation services (10.5.1) */
#define PCI_ATS_CAP		0x04
#define PCI_ATS_CTRL		0x06
#define PCI_ATS_CTRL_STU	GENMASK(4, 0)	/* log2 of pages of 4 KiB */
#define PCI_ATS_CTRL_ENABLE	0x8000
#define PCI_ATS_MIN_STU		12

/* Page requests (10.5.2) */
#define PCI_PRI_CTRL		0x04
#define PCI_PRI_CTRL_ENABLE	0x0001
#define PCI_PRI_CTRL_RESET	0x0002
#define PCI_PRI_STATUS		0x06
#define PCI_PRI_STATUS_RF	0x0001	/* a response was Response Failure */
#define PCI_PRI_STATUS_UPRGI	0x0002	/* one was for no group */
#define PCI_PRI_STATUS_STOPPED	0x0100	/* none is outstanding */
#define PCI_PRI_STATUS_PASID	0x8000	/* responses have the PASID */
#define PCI_PRI_MAX_REQ		0x08
#define PCI_PRI_ALLOC_REQ	0x0c

/* Process address space IDs (7.8.8) */
#define PCI_PASID_CAP		0x04
#define PCI_PASID_CAP_EXEC	0x0002
#define PCI_PASID_CAP_PRIV	0x0004
#define PCI_PASID_CAP_WIDTH	GENMASK(12, 8)
#define PCI_PASID_CTRL		0x06
#define PCI_PASID_CTRL_ENABLE	0x0001
#define PCI_PASID_CTRL_EXEC	0x0002
#define PCI_PASID_CTRL_PRIV	0x0004

/* Classes (PCI Code and ID Assignment 1.11) */
#define PCI_CLASS_BRIDGE_HOST	0x0600

#endif
