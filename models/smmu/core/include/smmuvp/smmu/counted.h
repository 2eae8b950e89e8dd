// Calls that last.
#pragma once

namespace smmuvp::smmu {

/// Counts a call for as long as it lasts, however it ends.
class Counted {
 public:
  explicit Counted(unsigned& count) : m_count(count) { ++m_count; }
  ~Counted() { --m_count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  unsigned& m_count;
};

}  // namespace smmuvp::smmu
