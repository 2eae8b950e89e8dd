#include "machine.h"

namespace smmuvp::smmuv2::compare {

Features draw_features(test::Random& random) {
  const auto one_in = [&](unsigned n) { return random.below(n) == 0; };
  for (;;) {
    Features f;
    f.NUMCB = static_cast<std::uint8_t>(6 + random.below(3));
    f.NUMSMRG = 8;
    f.NUMPAGENDXB = 3;
    f.EF = false;
    f.SCR1_GEFRO = FixedBit::zero;
    f.SSDR_non_secure = false;
    f.version = one_in(6) ? 1 : 2;
    const bool v2 = f.version == 2;
    f.CAF = one_in(2);
    constexpr FixedBit fixed[] = {FixedBit::programmable, FixedBit::zero, FixedBit::one};
    f.SCR1_NSCAFRO = f.CAF && v2 ? fixed[random.below(3)] : FixedBit::zero;
    f.SES = one_in(2);
    if (f.SES && one_in(2)) {
      f.SSDTP = v2 && one_in(3) ? 3 : 1;
      f.NUMSSDNDXB = static_cast<std::uint8_t>(f.SSDTP == 3 ? 15 : 1 + random.below(15));
    }
    if (one_in(4)) {
      f.counter_groups = static_cast<std::uint16_t>(1 + random.below(3));
      f.CGNC = static_cast<std::uint8_t>(1 + random.below(4));
    }
    if (one_in(8)) f.S1TS = f.NTS = false;
    if (f.S1TS && one_in(8)) f.S2TS = f.NTS = false;
    if (one_in(8)) f.NTS = false;
    f.SMS = !one_in(6);
    if (!f.SMS) f.NUMSIDB = 6;
    f.EXIDS = v2 && f.SMS && one_in(2);
    f.ATOSNS = v2 && f.S1TS && one_in(6);
    constexpr std::uint8_t forms[] = {0, 0, 0, 1, 2};
    f.PTFS = forms[random.below(v2 ? 5 : 4)];
    if (one_in(3)) f.NUMIRPT = static_cast<std::uint8_t>(2 + random.below(6));
    f.PAGESIZE = one_in(4);
    f.HAFDBS = static_cast<std::uint8_t>(one_in(5) || !v2 ? 0 : one_in(3) ? 1 : 3);
    if (f.S2TS && one_in(4)) f.NUMS2CB = 2;
    f.SMCD = !one_in(4);
    f.DIPANS = v2 && one_in(2);
    f.HADS = v2 && one_in(2);
    f.VMID16S = v2 && one_in(2);
    if (!v2 || one_in(4)) f.PTFSv8_64kB = false;
    if (!v2 || one_in(4)) f.PTFSv8_16kB = false;
    if (!v2 || one_in(8)) f.PTFSv8_4kB = false;
    constexpr std::uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 48, 48};
    f.OAS = sizes[random.below(v2 ? 8 : 3)];
    f.IAS = f.S2TS ? sizes[random.below(v2 ? 8 : 3)] : f.OAS;
    constexpr std::uint8_t buses[] = {32, 36, 40, 42, 44, 49, 49, 49, 64};
    f.UBS = v2 && f.S1TS ? buses[random.below(9)] : f.IAS;
    f.stalls = !one_in(6);
    f.GSE = f.stalls && one_in(2);
    f.STALLD = f.stalls;
    if (f.problem() == nullptr) return f;
  }
}

std::string text_of(const Features& f) {
  std::string text = "SMMUv" + std::to_string(f.version);
  const auto add = [&](const char* name, unsigned value) {
    text += std::string(" ") + name + " " + std::to_string(value);
  };
  add("SES", f.SES);
  add("S1TS", f.S1TS);
  add("S2TS", f.S2TS);
  add("NTS", f.NTS);
  add("SMS", f.SMS);
  add("PTFS", f.PTFS);
  add("NUMIRPT", f.NUMIRPT);
  add("NUMCB", f.NUMCB);
  add("NUMS2CB", f.NUMS2CB);
  add("IAS", f.IAS);
  add("OAS", f.OAS);
  add("UBS", f.UBS);
  add("SSDTP", f.SSDTP);
  add("CAF", f.CAF);
  return text;
}

}  // namespace smmuvp::smmuv2::compare
