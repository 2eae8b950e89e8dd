// SPDX-License-Identifier: MIT
//
// Parameters, and the identification registers that show them: IHI 0062 9.6.1.
#include <stdexcept>

#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

// 9.6.1, IDR2.IAS and OAS
static unsigned size_bits(unsigned code) {
  switch (code) {
    case 0:
      return 32;
    case 1:
      return 36;
    case 2:
      return 40;
    case 3:
      return 42;
    case 4:
      return 44;
    default:
      return 48;
  }
}

// 9.6.1, IDR2.UBS
unsigned Parameters::ubs_bits() const {
  if (version == 1) return ias_bits();  // 9.6.14
  if (UBS == 15) return 64;
  return UBS == 5 ? 49 : size_bits(UBS);
}
unsigned Parameters::oas_bits() const { return size_bits(OAS); }
unsigned Parameters::ias_bits() const { return size_bits(IAS); }

// 13.1
unsigned Parameters::ssd_index_bits() const {
  if (!SES || SSDTP == 0) return 0;
  return SSDTP == 3 ? 16 : NUMSSDNDXB;
}

void check(const Parameters& p) {
  auto require = [](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(what);
  };
  require(!p.NTS || (p.S1TS && p.S2TS), "NTS needs S1TS and S2TS (9.6.1)");
  require(p.S1TS || p.S2TS, "neither stage is there");
  require(p.S1TS || !p.ATOSNS, "ATOSNS without S1TS (9.6.1)");
  require(p.PTFS <= 2, "PTFS is reserved (9.6.1)");
  require(p.aarch32() || p.aarch64(), "no translation scheme (9.6.1)");
  require(p.OAS <= 5 && p.IAS <= 5 && (p.UBS <= 5 || p.UBS == 15), "address size is reserved (9.6.1)");
  require(p.version == 1 || p.S1TS || p.ubs_bits() == p.ias_bits() || (p.UBS == 5 && p.IAS == 5),
          "UBS and IAS differ without stage 1 (1.6.1)");
  require(p.S2TS || p.IAS == p.OAS, "IAS and OAS differ without stage 2 (1.6.1)");
  require(p.NUMSIDB <= 15, "NUMSIDB (9.6.1)");
  require(!p.EXIDS || p.NUMSIDB == 15, "EXIDS needs NUMSIDB 15 (9.6.1)");
  require(p.SMS || p.NUMSIDB <= 7, "StreamID above 7 bits with indexing (2.3.8)");
  require(p.NUMSMRG <= 128 && p.NUMCB <= 128 && p.NUMIRPT <= 128, "counts go up to 128 (9.6.1)");
  require(p.NUMS2CB <= p.NUMCB && (p.S2TS || p.NUMS2CB == 0), "NUMS2CB (9.6.1)");
  require(p.NUMPAGENDXB <= 7 && p.NUMCB <= p.pages(), "NUMCB does not fit NUMPAGE (8.1)");
  require(p.HAFDBS != 2 && p.HAFDBS <= 3, "HAFDBS is reserved (9.6.1)");
  require(p.SSDTP != 2 && p.SSDTP <= 3, "SSDTP is reserved (9.6.1)");
  require(p.SSDTP != 3 || p.NUMSSDNDXB == 15, "SSDTP 3 needs NUMSSDNDXB 15 (9.6.1)");
  require(p.NUMSSDNDXB <= 15, "NUMSSDNDXB (9.6.1)");
  require(p.MAJOR <= 15 && p.MINOR <= 15, "IDR7 (9.6.1)");
  require(p.counter_groups <= 256 && p.CGNC <= 15 && p.counters() <= 256, "too many counters (6.5)");
  require((p.counter_groups == 0) == (p.CGNC == 0), "counter groups without counters (12.2.5)");
  require(p.version == 1 || p.version == 2, "version");
  if (p.version == 2) return;
  require(p.PTFS <= 1, "PTFS has one bit in SMMUv1 (9.6.1)");
  require(!p.ATOSNS && !p.EXIDS && p.HAFDBS == 0 && p.SSDTP <= 1 && !p.DIPANS && !p.HADS && !p.VMID16S &&
              !p.aarch64() && p.UBS == 0,
          "reserved in SMMUv1 (9.6.1)");
  require(p.OAS <= 2 && p.IAS <= 2, "addresses of SMMUv1 have 40 bits at most (1.6)");
}

uint32_t Smmu::idr(unsigned n, bool secure) const {
  const Parameters& p = m_parameters;
  const bool restricted = p.SES && !secure;  // a Non-secure read where there are two Security states
  uint64_t value = 0;
  auto put = [&value](unsigned low, uint64_t what) { value |= what << low; };
  switch (n) {
    case 0:
      put(31, p.SES && secure);
      put(30, p.S1TS);
      put(29, p.S2TS);
      put(28, p.NTS);
      put(27, p.SMS);
      put(26, p.ATOSNS);
      put(24, p.PTFS);
      put(16, restricted ? bits(m_SCR1, 23, 16) : p.NUMIRPT);
      put(14, p.CTTW);
      put(13, p.BTM);
      put(9, p.NUMSIDB);
      put(8, p.EXIDS);
      put(0, restricted ? bits(m_SCR1, 15, 8) : p.NUMSMRG);
      break;
    case 1:
      put(31, p.PAGESIZE);
      put(28, p.NUMPAGENDXB);
      put(24, p.HAFDBS);
      put(16, p.NUMS2CB);
      put(15, p.SMCD);
      if (p.SES && secure) {
        put(12, p.SSDTP);
        put(8, p.SSDTP != 0 ? p.NUMSSDNDXB : 0);
      }
      put(0, restricted ? bits(m_SCR1, 7, 0) : p.NUMCB);
      break;
    case 2:
      put(30, p.DIPANS);
      put(28, p.HADS);
      put(15, p.VMID16S);
      put(14, p.PTFSv8_64KB);
      put(13, p.PTFSv8_16KB);
      put(12, p.PTFSv8_4KB);
      put(8, p.UBS);
      put(4, p.OAS);
      put(0, p.IAS);
      break;
    case 7:
      put(4, p.MAJOR);
      put(0, p.MINOR);
      break;
    default:
      break;  // reserved or IMPLEMENTATION DEFINED
  }
  return static_cast<uint32_t>(value);
}

}  // namespace naive_smmuv2
