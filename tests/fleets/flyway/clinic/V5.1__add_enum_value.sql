alter type speciality add value if not exists 'surgery' before 'cardiology';
