// What GDB's `monitor smmu` tells of SMMUs. Reads by debug paths alone, and changes nothing.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/tlm/dump_control.h"
#include "smmuvp/tlm/explain_control.h"

namespace smmuvp::platform {

class FaultRecorder;

/// The commands; text in, text out.
class SmmuMonitor {
 public:
  struct Smmu {
    std::string name;
    bool smmuv3 = true;
    const ExplainControl* explain = nullptr;
    const DumpControl* dump = nullptr;
  };

  /// @param faults  for `why`; nullptr: nobody has recorded any. Outlives this, as what `smmus` point to
  /// does.
  SmmuMonitor(std::vector<Smmu> smmus, const FaultRecorder* faults)
      : m_smmus(std::move(smmus)), m_faults(faults) {}

  /// @param words  what follows "smmu". Lines; of what makes no sense, what was expected.
  std::string run(const std::string& words) const;
  /// Lines for `monitor help`.
  static const char* help();

 private:
  using Words = std::vector<std::string>;
  const Smmu& take_smmu(Words& words) const;
  std::string why(const Words& words) const;
  std::string walk(Words words) const;
  std::string structures(Words words, bool cd) const;
  std::string sections(Words words, const std::string& what) const;

  std::vector<Smmu> m_smmus;
  const FaultRecorder* m_faults;
};

}  // namespace smmuvp::platform
