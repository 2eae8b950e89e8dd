// SPDX-License-Identifier: MIT
/*
 * Address translation services: ATS, page requests (Base, chapter 10) and
 * PASIDs (6.20, 7.8.8). Who turns them on serialises that by device.
 */
#include <bitfield.h>
#include <export.h>
#include <pci-ats.h>

#include "pci-internal.h"

/* ---- ATS */

/**
 * pci_ats_supported - may a function ask for translations, and use them?
 * @pdev: the function
 *
 * It has the capability, and "ats-supported" of its host's node says that what
 * is above it answers.
 */
bool pci_ats_supported(const struct pci_dev *pdev)
{
	return pdev->ats_cap && pdev->host->ats_supported;
}
EXPORT_SYMBOL_GPL(pci_ats_supported);

/**
 * pci_enable_ats - let a function keep translations
 * @pdev: the function; its PASIDs are turned on before
 * @page_shift: log2 of the smallest translation that there is, 12 or more
 *
 * Return: 0; -ENODEV if it cannot; -EINVAL for another size; -EBUSY if it is
 * turned on.
 */
int pci_enable_ats(struct pci_dev *pdev, unsigned int page_shift)
{
	unsigned int stu = page_shift - PCI_ATS_MIN_STU;

	if (!pci_ats_supported(pdev))
		return -ENODEV;
	if (page_shift < PCI_ATS_MIN_STU ||
	    stu > PCI_ATS_CTRL_STU)
		return -EINVAL;
	if (pdev->ats_enabled)
		return -EBUSY;
	/* The unit does not change with the store that enables it. */
	pci_write_config_word(pdev, pdev->ats_cap + PCI_ATS_CTRL, (u16)stu);
	pci_write_config_word(pdev, pdev->ats_cap + PCI_ATS_CTRL,
			      (u16)(stu | PCI_ATS_CTRL_ENABLE));
	pdev->ats_enabled = true;
	return 0;
}
EXPORT_SYMBOL_GPL(pci_enable_ats);

/**
 * pci_disable_ats - have a function ask for no more translations
 * @pdev: the function; what it has kept is still to be invalidated
 */
void pci_disable_ats(struct pci_dev *pdev)
{
	u16 ctrl;

	if (!pdev->ats_enabled)
		return;
	ctrl = pci_read_config_word(pdev, pdev->ats_cap + PCI_ATS_CTRL);
	pci_write_config_word(pdev, pdev->ats_cap + PCI_ATS_CTRL,
			      (u16)(ctrl & ~PCI_ATS_CTRL_ENABLE));
	pdev->ats_enabled = false;
}
EXPORT_SYMBOL_GPL(pci_disable_ats);

/* ---- page requests */

/**
 * pci_pri_supported - can a function ask for pages?
 * @pdev: the function
 */
bool pci_pri_supported(const struct pci_dev *pdev)
{
	return pdev->pri_cap && pci_ats_supported(pdev);
}
EXPORT_SYMBOL_GPL(pci_pri_supported);

static u16 pri_status(const struct pci_dev *pdev)
{
	return pci_read_config_word(pdev, pdev->pri_cap + PCI_PRI_STATUS);
}

/**
 * pci_pri_stopped - has a function no page request outstanding?
 * @pdev: the function, behind pci_disable_pri()
 *
 * One that is gone, whose registers read as ones, has none either.
 */
bool pci_pri_stopped(const struct pci_dev *pdev)
{
	return !pdev->pri_cap || pri_status(pdev) & PCI_PRI_STATUS_STOPPED;
}
EXPORT_SYMBOL_GPL(pci_pri_stopped);

/**
 * pci_enable_pri - let a function ask for pages
 * @pdev: the function, behind pci_reset_pri()
 * @requests: how many may be outstanding; what it can have itself is the most
 *
 * Return: 0; -ENODEV if it cannot; -EINVAL for none at all; -EBUSY if it is
 * turned on, or has not stopped.
 */
int pci_enable_pri(struct pci_dev *pdev, u32 requests)
{
	u32 most;

	if (!pci_pri_supported(pdev))
		return -ENODEV;
	if (pdev->pri_enabled || !pci_pri_stopped(pdev))
		return -EBUSY;
	most = pci_read_config_dword(pdev, pdev->pri_cap + PCI_PRI_MAX_REQ);
	requests = min(requests, most);
	if (!requests)
		return -EINVAL;
	/* Failures of before would stand for those to come. */
	pci_write_config_word(pdev, pdev->pri_cap + PCI_PRI_STATUS,
			      PCI_PRI_STATUS_RF | PCI_PRI_STATUS_UPRGI);
	pci_write_config_dword(pdev, pdev->pri_cap + PCI_PRI_ALLOC_REQ,
			       requests);
	pci_write_config_word(pdev, pdev->pri_cap + PCI_PRI_CTRL,
			      PCI_PRI_CTRL_ENABLE);
	pdev->pri_enabled = true;
	return 0;
}
EXPORT_SYMBOL_GPL(pci_enable_pri);

/**
 * pci_disable_pri - have a function ask for no more pages
 * @pdev: the function; what it has asked for is still to be answered, until
 *	  pci_pri_stopped()
 */
void pci_disable_pri(struct pci_dev *pdev)
{
	if (!pdev->pri_enabled)
		return;
	pci_write_config_word(pdev, pdev->pri_cap + PCI_PRI_CTRL, 0);
	pdev->pri_enabled = false;
}
EXPORT_SYMBOL_GPL(pci_disable_pri);

/**
 * pci_reset_pri - have a function give up what pages it has asked for
 * @pdev: the function
 *
 * Return: 0; -ENODEV if it cannot ask; -EBUSY while it may.
 */
int pci_reset_pri(struct pci_dev *pdev)
{
	if (!pdev->pri_cap)
		return -ENODEV;
	if (pdev->pri_enabled)
		return -EBUSY;
	pci_write_config_word(pdev, pdev->pri_cap + PCI_PRI_CTRL,
			      PCI_PRI_CTRL_RESET);
	return 0;
}
EXPORT_SYMBOL_GPL(pci_reset_pri);

/**
 * pci_prg_resp_pasid_required - have answers to a function the request's PASID?
 * @pdev: the function
 */
bool pci_prg_resp_pasid_required(const struct pci_dev *pdev)
{
	return pdev->pri_cap && pri_status(pdev) & PCI_PRI_STATUS_PASID;
}
EXPORT_SYMBOL_GPL(pci_prg_resp_pasid_required);

/* ---- PASIDs */

/* PASIDs are prefixes of packets: who sends them has to know such, and each port
 * on the way has to pass them on (Base 6.20.1, 7.5.3.15).
 */
static bool passes_prefixes(const struct pci_dev *pdev)
{
	for (; pdev; pdev = pdev->bus->self)
		if (!pci_is_pcie(pdev) ||
		    !(pci_read_config_dword(pdev, pdev->pcie_cap +
						  PCI_EXP_DEVCAP2) &
		      PCI_EXP_DEVCAP2_EE_PREFIX))
			return false;
	return true;
}

/**
 * pci_enable_pasid - let a function send requests with PASIDs
 * @pdev: the function; ATS is turned off
 * @features: PCI_PASID_CAP_EXEC and PCI_PASID_CAP_PRIV, as far as they are
 *	      wanted
 *
 * Nothing on the way may take an address of a PASID for one of its own: so
 * access control is asked of all that is above.
 *
 * Return: 0; -ENODEV if it cannot; -EINVAL for a feature that it has not, or a
 * way that is not fit; -EBUSY if it is turned on, or ATS is.
 */
int pci_enable_pasid(struct pci_dev *pdev, int features)
{
	int has = pci_pasid_features(pdev);

	if (has < 0)
		return has;
	if (pdev->pasid_enabled || pdev->ats_enabled)
		return -EBUSY;
	if (features & ~has || !passes_prefixes(pdev) ||
	    !pci_acs_path_enabled(pdev, NULL, PCI_ACS_RR | PCI_ACS_UF))
		return -EINVAL;
	/* Control has the bits of the capability. */
	pci_write_config_word(pdev, pdev->pasid_cap + PCI_PASID_CTRL,
			      (u16)(PCI_PASID_CTRL_ENABLE | features));
	pdev->pasid_enabled = true;
	return 0;
}
EXPORT_SYMBOL_GPL(pci_enable_pasid);

/**
 * pci_disable_pasid - have a function send no more PASIDs
 * @pdev: the function; ATS is turned off
 */
void pci_disable_pasid(struct pci_dev *pdev)
{
	if (!pdev->pasid_enabled)
		return;
	pci_write_config_word(pdev, pdev->pasid_cap + PCI_PASID_CTRL, 0);
	pdev->pasid_enabled = false;
}
EXPORT_SYMBOL_GPL(pci_disable_pasid);

/**
 * pci_pasid_features - what a function can say of a request with a PASID
 * @pdev: the function
 *
 * Return: PCI_PASID_CAP_EXEC and PCI_PASID_CAP_PRIV; -ENODEV if it has no
 * PASIDs.
 */
int pci_pasid_features(const struct pci_dev *pdev)
{
	if (!pdev->pasid_cap)
		return -ENODEV;
	return pci_read_config_word(pdev, pdev->pasid_cap + PCI_PASID_CAP) &
	       (PCI_PASID_CAP_EXEC | PCI_PASID_CAP_PRIV);
}
EXPORT_SYMBOL_GPL(pci_pasid_features);

/**
 * pci_max_pasids - how many PASIDs a function can send
 * @pdev: the function
 *
 * Return: their number, from 0 on; -ENODEV if it has none.
 */
int pci_max_pasids(const struct pci_dev *pdev)
{
	u16 cap;

	if (!pdev->pasid_cap)
		return -ENODEV;
	cap = pci_read_config_word(pdev, pdev->pasid_cap + PCI_PASID_CAP);
	/* More than 20 bits no PASID has. */
	return 1 << min(20u, (u32)FIELD_GET(PCI_PASID_CAP_WIDTH, cap));
}
EXPORT_SYMBOL_GPL(pci_max_pasids);

void pci_ats_silence(struct pci_dev *pdev)
{
	if (pdev->pri_cap)
		pci_write_config_word(pdev, pdev->pri_cap + PCI_PRI_CTRL,
				      PCI_PRI_CTRL_RESET);
	if (pdev->ats_cap)
		pci_write_config_word(pdev, pdev->ats_cap + PCI_ATS_CTRL, 0);
	if (pdev->pasid_cap)
		pci_write_config_word(pdev, pdev->pasid_cap + PCI_PASID_CTRL,
				      0);
}
