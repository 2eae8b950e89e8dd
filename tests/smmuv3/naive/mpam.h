// SPDX-License-Identifier: MIT
//
// MPAM labels: IHI 0070 chapter 17.
#pragma once

namespace naive_smmuv3 {

/// What the MPAMIDR of a state says (6.3.41, 6.3.87).
struct MpamMax {
  unsigned PARTID = 0;
  unsigned PMG = 0;
};

/// Of a transaction that goes on into the system.
struct MpamLabel {
  unsigned PARTID = 0;
  unsigned PMG = 0;
  bool NS = true;  ///< MPAM_NS: the PARTID space
  /// A value above the maximum was configured: UNKNOWN (5.2 PARTID and others). Do not compare the first two.
  bool unknown = false;
};

/// Of the accesses of a walk, by the stage whose tables they are to (17.4).
struct WalkLabels {
  MpamLabel stage1, stage2;
};

}  // namespace naive_smmuv3
