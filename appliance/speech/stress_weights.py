"""The weights of the model of stress.

Written by `python -m appliance.speech.fit EMODB FILE`, not by hand.

Fitted to EmoDB (Burkhardt et al., 2005) and nothing else: 5040 recordings of 10 speakers, anger
against boredom, happiness, neutral, sadness, at equal levels, through a telephone of 300-3400 Hz and G.711 mu-law.
Logistic regression, quadratic penalty 100.
Each measure has its mean, its scale and its weight; the bias stands as the weight of "bias".
"""

from typing import Final

Table = dict[str, tuple[float, float, float]]

POPULATION: Final[Table] = {
    "pitch_low": (9.9081, 6.6142, 0.6310),
    "pitch_median": (12.3291, 6.9021, 0.3989),
    "level_spread": (8.4290, 0.8584, 0.2348),
    "run_length": (1.2549, 0.3999, -0.6215),
    "alpha_high": (-3.1555, 5.4295, 0.6871),
    "flux": (3.5593, 0.5486, 0.7061),
    "cepstrum_3": (1.6534, 2.0362, -0.4287),
    "cepstrum_4": (0.7056, 1.4273, -0.5520),
    "cepstrum_7": (0.3658, 0.9181, -0.3311),
    "cepstrum_1_spread": (4.0680, 1.1589, 0.2867),
    "cepstrum_2_spread": (4.5069, 1.4334, 0.4812),
    "cepstrum_5_spread": (2.4548, 0.6477, 0.3457),
    "cepstrum_6_spread": (1.9583, 0.5864, 0.2133),
    "cepstrum_1_rest": (3.0346, 2.9923, -0.2565),
    "cepstrum_2_rest": (0.6598, 2.1732, -0.2726),
    "cepstrum_3_rest": (1.0225, 1.5442, -0.2231),
    "cepstrum_5_rest": (-0.0129, 0.9851, 0.4937),
    "cepstrum_7_rest": (0.1043, 0.7003, -0.0759),
    "bias": (0.0, 1.0, 0.0236),
}

OWN: Final[Table] = {
    "pitch_low": (4.6072, 5.8323, 0.7707),
    "pitch_median": (4.6874, 6.1167, 0.5471),
    "level_spread": (0.0875, 0.8397, 0.2201),
    "run_length": (0.0653, 0.3736, -0.3856),
    "alpha_high": (3.9642, 5.2278, 0.5141),
    "flux": (0.2178, 0.5424, 0.7580),
    "cepstrum_3": (-1.0062, 1.9795, -0.3925),
    "cepstrum_4": (-0.8214, 1.4431, -0.5734),
    "cepstrum_7": (-0.0449, 0.8416, -0.2916),
    "cepstrum_1_spread": (0.2269, 1.1561, 0.0423),
    "cepstrum_2_spread": (0.5707, 1.4098, 0.6184),
    "cepstrum_5_spread": (0.0662, 0.6435, 0.0966),
    "cepstrum_6_spread": (0.2293, 0.6186, 0.0051),
    "cepstrum_1_rest": (-1.6697, 2.5884, -0.3625),
    "cepstrum_2_rest": (-1.2044, 2.1700, -0.1225),
    "cepstrum_3_rest": (-0.5077, 1.4728, -0.2585),
    "cepstrum_5_rest": (-0.0919, 0.8248, 0.3311),
    "cepstrum_7_rest": (-0.0312, 0.5514, -0.2970),
    "bias": (0.0, 1.0, 0.0798),
}
